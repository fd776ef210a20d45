import type {Subscription} from 'rxjs';
import {
  XenbusStateClosed,
  XenbusStateClosing,
  XenbusStateConnected,
  XenbusStateInitialising,
  XenbusStateInitWait,
  XenbusStateUnknown,
} from '../../hypervisor/abi/io/xenbus.ts';
import {EIO} from '../../hypervisor/errno.ts';
import {
  DeviceError,
  type DriverInstance,
  readTuning,
  type XenbusDevice,
  type XenbusState,
} from '../../hypervisor/xenbus/index.ts';
import {GrantKeeper} from '../grant-keeper.ts';
import {NetConnection} from './connection.ts';
import type {ControlRing} from './control-ring.ts';
import {Netfront} from './device.ts';
import {defaultFrontFeatures, frontFeatureReaders, type NetFrontFeatures} from './features.ts';
import {configureHashing} from './hashing.ts';
import {keepGrantsMapped} from './static-grants.ts';
import {connectionNodes, type NetConfig, obsoleteNodes, readMtu, readNetConfig} from './negotiation.ts';

export interface NetFrontendOptions {
  /** Other than the defaults, for every interface; the `tuning` node of its directory has the last word. */
  features?: Partial<NetFrontFeatures>;
}

/** One network device of this guest. */
export class NetFrontend implements DriverInstance {
  readonly device: XenbusDevice;
  private readonly options: NetFrontendOptions;
  private readonly keeper: GrantKeeper;
  private readonly onDevice: (device: Netfront) => void;
  private features = defaultFrontFeatures;
  private connection: NetConnection | undefined;
  /** Published, but the backend is not Connected yet. */
  private pending: {connection: NetConnection; config: NetConfig} | undefined;
  /** Watches of the connection. */
  private watches: Subscription[] = [];
  private isAnnounced = false;
  private isRestarting = false;
  private nic: Netfront | undefined;

  constructor(device: XenbusDevice, options: NetFrontendOptions, onDevice: (device: Netfront) => void) {
    this.device = device;
    this.options = options;
    this.keeper = new GrantKeeper(device.ops);
    this.onDevice = onDevice;
  }

  /** The interface, once it has been connected. */
  get netDevice(): Netfront | undefined {
    return this.nic;
  }

  /** Pages that the backend has not let go of after a close. */
  get pagesHeld(): number {
    return this.keeper.count;
  }

  async otherEndChanged(state: XenbusState): Promise<void> {
    await this.reactions[state]?.();
  }

  async start(): Promise<void> {
    this.features = await readTuning(
      this.device,
      {...defaultFrontFeatures, ...this.options.features},
      frontFeatureReaders,
    );
    await this.beginAnew();
  }

  /** The domain goes on after a suspend, maybe on another host: the connection is made anew, the interface stays. */
  resume(): void {
    this.device.enqueue(async () => {
      this.disconnect();
      await this.device.takeDirectory();
      await this.beginAnew();
    });
  }

  remove(): void {
    this.disconnect();
    this.keeper.retry();
    this.nic?.remove();
  }

  toString(): string {
    return `${String(this.device)}; ${String(this.nic ?? 'never connected')}`;
  }

  private readonly reactions: Partial<Record<XenbusState, () => Promise<void>>> = {
    [XenbusStateInitWait]: () => this.connect(),
    [XenbusStateConnected]: () => this.connected(),
    [XenbusStateClosing]: () => this.closing(),
    [XenbusStateClosed]: () => this.gone(),
    [XenbusStateUnknown]: () => this.gone(),
  };

  /** A directory that was in use before, in whatever state: the backend is made to begin anew, unless it is under way. */
  private async beginAnew(): Promise<void> {
    const {device} = this;
    if (device.state === XenbusStateInitialising) return;
    this.isRestarting = true;
    await device.switchState(XenbusStateClosed);
    await device.switchState(XenbusStateInitialising);
  }

  /** The backend waits for us: rings, ports and features are published, then we are Connected at once. */
  private async connect(): Promise<void> {
    const {device, features} = this;
    // A backend that has come back finds us Closed.
    if (device.state === XenbusStateClosed) await device.switchState(XenbusStateInitialising);
    if (device.state !== XenbusStateInitialising) return;
    this.isRestarting = false;
    const config = await readNetConfig(device, features);
    const present = (await device.xs.directory(device.path)) ?? [];
    if (device.isGone) return;
    const nic = (this.nic ??= new Netfront(`eth${device.devid}`, config));
    const connection = this.openConnection(nic, config);
    this.connection = connection;
    this.pending = {connection, config};
    connection.start();
    this.followNodes(nic);
    const nodes = connectionNodes(connection, config, features);
    await device.publish(nodes, obsoleteNodes(present, nodes));
    await device.switchState(XenbusStateConnected);
  }

  private openConnection(nic: Netfront, config: NetConfig): NetConnection {
    return new NetConnection({
      ops: this.device.ops,
      domid: this.device.otherDomid,
      queues: config.queues,
      hasControl: config.hasControl,
      splitChannels: config.splitChannels,
      trusted: config.trusted,
      stats: nic.counters,
      keeper: this.keeper,
      consumer: nic.consumer,
      onFault: (fault) => this.giveUp(fault),
    });
  }

  /** What may change at any time. The link is up while the backend says nothing. @see netif.h, "Link state" and "MTU" */
  private followNodes(nic: Netfront): void {
    const {device} = this;
    this.watch(`${device.otherPath}/carrier`, async () => nic.setLink((await device.readOther('carrier')) !== '0'));
    this.watch(`${device.path}/mtu`, async () => nic.setMtu(await readMtu(device)));
  }

  /** Runs the step now and at each change, as long as this connection lasts. */
  private watch(path: string, step: () => Promise<void>): void {
    const {device, connection} = this;
    // A backend's directory that is gone may not be read any more; its state tells of that, too.
    const next = (): void =>
      device.enqueue(() => (this.connection === connection ? step().catch(() => undefined) : undefined));
    this.watches.push(device.xs.watch(path).subscribe({next, error: () => undefined}));
  }

  private async connected(): Promise<void> {
    const {nic, pending} = this;
    if (nic === undefined || pending === undefined || this.device.state !== XenbusStateConnected) return;
    this.pending = undefined;
    const {connection, config} = pending;
    nic.up(connection, config);
    if (!this.isAnnounced) this.onDevice(nic);
    this.isAnnounced = true;
    if (connection.control !== undefined) void this.configure(connection, connection.control);
  }

  /** Frames flow meanwhile, and also when the backend refuses. */
  private async configure({queues}: NetConnection, control: ControlRing): Promise<void> {
    const {ops, otherDomid} = this.device;
    const peer = {ops, domid: otherDomid, keeper: this.keeper, control};
    if (this.features.staticGrants) await keepGrantsMapped(peer, queues);
    if (this.features.hash) await configureHashing({...peer, queues: queues.length});
  }

  /** The backend goes away, or has gone: what we hold is taken back, as far as it lets go. */
  private async closing(): Promise<void> {
    if (this.isRestarting) return;
    this.disconnect();
    this.keeper.retry();
    await this.device.switchState(XenbusStateClosed);
  }

  /** While we start anew a closed backend is about to come back. */
  private async gone(): Promise<void> {
    if (this.device.state !== XenbusStateInitialising) await this.closing();
  }

  private disconnect(): void {
    this.nic?.down();
    for (const watch of this.watches.splice(0)) watch.unsubscribe();
    this.connection?.close();
    this.connection = undefined;
    this.pending = undefined;
  }

  private giveUp(fault: string): void {
    this.nic?.down();
    this.device.enqueue(() => {
      throw new DeviceError(EIO, fault);
    });
  }
}
