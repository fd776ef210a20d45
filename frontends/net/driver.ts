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
  type XenbusDevice,
  type XenbusDriver,
  type XenbusState,
} from '../../hypervisor/xenbus/index.ts';
import {type NetConfig, readNetConfig} from './backend-nodes.ts';
import {NetConnection} from './connection.ts';
import {Netfront} from './device.ts';
import {GrantKeeper} from '../grant-keeper.ts';

/** One network device of this guest. */
export class NetFrontend implements DriverInstance {
  readonly device: XenbusDevice;
  private readonly keeper: GrantKeeper;
  private readonly onDevice: (device: Netfront) => void;
  private connection: NetConnection | undefined;
  /** Published, but the backend is not Connected yet. */
  private pending: {connection: NetConnection; config: NetConfig} | undefined;
  private carrier: Subscription | undefined;
  private isAnnounced = false;
  private isRestarting = false;
  private nic: Netfront | undefined;

  constructor(device: XenbusDevice, onDevice: (device: Netfront) => void) {
    this.device = device;
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

  /** A directory that another driver of ours has left, in whatever state: the backend is made to begin anew. */
  async start(): Promise<void> {
    const {device} = this;
    this.isRestarting = device.state !== XenbusStateInitialising;
    if (!this.isRestarting) return;
    await device.switchState(XenbusStateClosed);
    await device.switchState(XenbusStateInitialising);
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

  /** The backend waits for us: rings, ports and features are published, then we are Connected at once. */
  private async connect(): Promise<void> {
    const {device} = this;
    // A backend that has come back finds us Closed.
    if (device.state === XenbusStateClosed) await device.switchState(XenbusStateInitialising);
    if (device.state !== XenbusStateInitialising) return;
    this.isRestarting = false;
    const config = await readNetConfig(device);
    if (device.isGone) return;
    const nic = (this.nic ??= new Netfront(`eth${device.devid}`, config));
    const connection = new NetConnection({
      ops: device.ops,
      domid: device.otherDomid,
      splitChannels: config.splitChannels,
      trusted: config.trusted,
      stats: nic.counters,
      keeper: this.keeper,
      consumer: nic.consumer,
      onFault: (fault) => this.giveUp(fault),
    });
    this.connection = connection;
    this.pending = {connection, config};
    connection.start();
    this.followCarrier(nic);
    await device.publish(nodesOf(connection, config));
    await device.switchState(XenbusStateConnected);
  }

  /** The backend may say at any time whether the link is up; it is up while it says nothing. @see netif.h, "Link state" */
  private followCarrier(nic: Netfront): void {
    const {device} = this;
    const step = async (): Promise<void> => {
      nic.setLink((await device.readOther('carrier').catch(() => undefined)) !== '0');
    };
    this.carrier = device.xs
      .watch(`${device.otherPath}/carrier`)
      .subscribe({next: () => device.enqueue(step), error: () => undefined});
  }

  private async connected(): Promise<void> {
    const {nic, pending} = this;
    if (nic === undefined || pending === undefined || this.device.state !== XenbusStateConnected) return;
    this.pending = undefined;
    nic.up(pending.connection, pending.config);
    if (!this.isAnnounced) this.onDevice(nic);
    this.isAnnounced = true;
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
    this.carrier?.unsubscribe();
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

/** @see netif.h for each */
const nodesOf = ({tx, rx, txPort, rxPort}: NetConnection, config: NetConfig): Record<string, number> => ({
  ...(config.countsQueues && {'multi-queue-num-queues': 1}),
  'tx-ring-ref': tx.ref,
  'rx-ring-ref': rx.ref,
  ...(config.splitChannels ? {'event-channel-tx': txPort, 'event-channel-rx': rxPort} : {'event-channel': txPort}),
  'request-rx-copy': 1,
  'feature-rx-notify': 1,
  'feature-sg': 1,
  'feature-no-csum-offload': 1,
});

/** The driver of `device/vif/DEVID`: netfront. `onDevice` gets each interface when it is first connected. */
export const netFrontend = (onDevice: (device: Netfront) => void): XenbusDriver => ({
  type: 'vif',
  probe: async (device) => {
    const frontend = new NetFrontend(device, onDevice);
    await frontend.start();
    return frontend;
  },
});
