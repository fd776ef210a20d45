import {type Observable, Subject, type Subscription} from 'rxjs';
import {
  XenbusStateClosed,
  XenbusStateClosing,
  XenbusStateConnected,
  XenbusStateInitialising,
  XenbusStateInitWait,
  XenbusStateReconfigured,
  XenbusStateReconfiguring,
  XenbusStateUnknown,
} from '../../hypervisor/abi/io/xenbus.ts';
import {EIO, ENOSPC} from '../../hypervisor/errno.ts';
import {
  DeviceError,
  type DriverInstance,
  readTuning,
  type XenbusDevice,
  type XenbusState,
} from '../../hypervisor/xenbus/index.ts';
import type {Bridge, VifPlace} from '../network/index.ts';
import {Carrier} from './carrier.ts';
import {parseRate} from './credit.ts';
import {defaultFeatures, featureReaders, type NetFeatures, offerNodes} from './features.ts';
import {readFrontendNodes, readHeadroom, readMaxFrame} from './frontend-nodes.ts';
import {PacketTap, type VifPacket} from './packet-tap.ts';
import type {NetbackShare} from './share.ts';
import {createVifStats, ethtoolStats, type VifStats} from './stats.ts';
import {Vif, type VifFrames} from './vif.ts';

export interface NetBackendConfig {
  share: NetbackShare;
  place: VifPlace;
  /** Number of the interface: that in "vif1.0". */
  handle: string;
  mac: string;
  /** Other than the defaults. */
  features: Partial<NetFeatures>;
}

/** One network device of a guest on dom0's side, connected or not. */
export class NetBackend implements DriverInstance {
  readonly device: XenbusDevice;
  /** "vif1.0": what Linux calls the interface in dom0. */
  readonly name: string;
  /** As the guest was told; traffic with others passes, too. */
  readonly mac: string;
  private readonly config: NetBackendConfig;
  private readonly counters = createVifStats();
  private readonly captures = new Subject<VifFrames>();
  private readonly tap = new PacketTap();
  private readonly carrier: Carrier;
  private features = defaultFeatures;
  private vif: Vif | undefined;
  /** Watches of the connection. */
  private watches: Subscription[] = [];
  /** Found in the middle of a connection that an earlier driver served: the frontend has to begin anew. */
  private restarting = false;
  /** An earlier driver was here, and its frontend has not begun anew yet. */
  private isAwaiting = false;

  constructor(device: XenbusDevice, config: NetBackendConfig) {
    this.device = device;
    this.config = config;
    this.carrier = new Carrier(device);
    this.name = `vif${device.otherDomid}.${config.handle}`;
    this.mac = config.mac;
  }

  get bridge(): Bridge {
    return this.config.place.bridge;
  }

  /** Frames that pass, in batches; copied only while somebody looks. Completes when the device goes. */
  get frames(): Observable<VifFrames> {
    return this.captures.asObservable();
  }

  /** Packets as they cross the guest's rings, with their slots and grants. Completes when the device goes. */
  get packets(): Observable<VifPacket> {
    return this.tap.packets;
  }

  stats(): Readonly<VifStats> {
    return {...this.counters};
  }

  /** Counters by the names that Linux's `ethtool -S` has for them. */
  ethtool(): Record<string, number> {
    return ethtoolStats(this.counters);
  }

  /** Plugs the interface into its bridge or out of it, as `ip link set vif1.0 up` does; the guest sees its carrier. */
  setLink(isUp: boolean): void {
    this.carrier.plug(isUp);
    this.vif?.setLink(isUp);
  }

  /** Publishes what holds before a connection, and waits for the frontend. */
  async start(): Promise<void> {
    const {device} = this;
    this.features = await readTuning(device, {...defaultFeatures, ...this.config.features}, featureReaders);
    await device.publish(offerNodes(this.features));
    this.isAwaiting = device.state !== XenbusStateInitialising;
    this.restarting = this.isAwaiting && device.state !== XenbusStateInitWait;
    if (!this.restarting) await device.switchState(XenbusStateInitWait);
    else if (device.state !== XenbusStateClosed) await device.switchState(XenbusStateClosing);
  }

  async otherEndChanged(state: XenbusState): Promise<void> {
    await this.reactions[state]?.();
  }

  remove(): void {
    this.disconnect();
    this.captures.complete();
    this.tap.close();
  }

  toString(): string {
    return `${this.name} on ${this.bridge.name}: ${String(this.vif ?? 'not connected')}`;
  }

  private readonly reactions: Partial<Record<XenbusState, () => Promise<void>>> = {
    [XenbusStateInitialising]: () => this.restart(),
    [XenbusStateConnected]: () => this.connect(),
    [XenbusStateReconfiguring]: () => this.reconfigure(),
    [XenbusStateClosing]: () => this.closing(),
    [XenbusStateClosed]: () => this.closed(),
    [XenbusStateUnknown]: () => this.closed(),
  };

  /** A frontend that starts anew, after a crash, a reboot in place or a reload of its driver. */
  private async restart(): Promise<void> {
    const {state} = this.device;
    this.isAwaiting = false;
    if (state !== XenbusStateInitialising && state !== XenbusStateInitWait && state !== XenbusStateClosed)
      await this.close();
    await this.reopen();
  }

  private async reopen(): Promise<void> {
    this.restarting = false;
    if (this.device.state === XenbusStateClosed) await this.device.switchState(XenbusStateInitWait);
  }

  private async connect(): Promise<void> {
    if (this.restarting) return;
    if (this.device.state === XenbusStateReconfigured) return this.device.switchState(XenbusStateConnected);
    await this.reopen();
    if (this.device.state !== XenbusStateInitWait || this.vif !== undefined) return;
    const {device, features, config} = this;
    const vif = new Vif({
      ops: device.ops,
      share: config.share,
      domid: device.otherDomid,
      name: this.name,
      features,
      nodes: await readFrontendNodes(device, features),
      stats: this.counters,
      captures: this.captures,
      tap: this.tap,
      onCarrier: (isAwake) => this.carrier.wake(isAwake),
      onFault: (fault) => this.giveUp(fault),
    });
    this.vif = vif;
    this.isAwaiting = false;
    vif.setLink(this.carrier.isUp);
    await this.followNodes(vif);
    this.awaitHotplug(vif);
  }

  /** What may change while the guest is connected. @see netif.h, "feature-multicast-control" and "MTU" */
  private async followNodes(vif: Vif): Promise<void> {
    const {device, features} = this;
    const readFilter = async (): Promise<void> => {
      vif.filter.isOn = (await device.readOther('request-multicast-control')) === '1';
    };
    this.watch(vif, `${device.path}/rate`, async () => vif.credit.setRate(parseRate(await device.read('rate'))));
    this.watch(vif, `${device.otherPath}/mtu`, async () => {
      vif.reception.maxFrame = await readMaxFrame(device);
    });
    if (features.multicast === 'fixed') await readFilter();
    if (features.multicast === 'dynamic') this.watch(vif, `${device.otherPath}/request-multicast-control`, readFilter);
  }

  /** The toolstack's script says when the interface stands in dom0: only then may frames flow. */
  private awaitHotplug(vif: Vif): void {
    const {device} = this;
    this.watch(vif, `${device.path}/hotplug-status`, async () => {
      if ((await device.read('hotplug-status')) === 'connected') await this.attach(vif);
    });
  }

  /** Runs the step now and at each change, as long as this connection lasts. */
  private watch(vif: Vif, path: string, step: () => Promise<void>): void {
    const {device} = this;
    const next = (): void =>
      device.enqueue(async () => {
        if (this.vif === vif) await step().catch(rethrowDeviceError);
      });
    this.watches.push(device.xs.watch(path).subscribe({next, error: () => undefined}));
  }

  private async attach(vif: Vif): Promise<void> {
    if (this.device.state !== XenbusStateInitWait) return;
    if (!vif.start(this.config.place)) {
      this.disconnect();
      throw new DeviceError(ENOSPC, `bridge ${this.bridge.name} has no port left`);
    }
    await this.device.switchState(XenbusStateConnected);
  }

  /** The frontend wants another headroom, as when it gets or loses an XDP program. @see Linux's xen-netfront */
  private async reconfigure(): Promise<void> {
    const {device, vif} = this;
    if (vif === undefined || device.state !== XenbusStateConnected) return;
    if (this.features.xdp) vif.reception.headroom = await readHeadroom(device);
    await device.switchState(XenbusStateReconfiguring);
    await device.switchState(XenbusStateReconfigured);
  }

  private async closing(): Promise<void> {
    this.disconnect();
    await this.carrier.reset();
    if (this.device.state !== XenbusStateClosed) await this.device.switchState(XenbusStateClosing);
  }

  private async close(): Promise<void> {
    await this.closing();
    await this.device.switchState(XenbusStateClosed);
  }

  private async closed(): Promise<void> {
    const {device} = this;
    const stays = device.otherState === XenbusStateClosed && (await device.read('online')) === '1';
    // One that an earlier driver has left has yet to see that we wait for it.
    if (stays && this.isAwaiting && device.state === XenbusStateInitWait) return;
    await this.close();
    if (stays && this.isAwaiting) await this.reopen();
    else if (!stays) await device.xs.rm(`${device.path}/hotplug-status`).catch(() => undefined);
  }

  private disconnect(): void {
    for (const watch of this.watches.splice(0)) watch.unsubscribe();
    this.vif?.close();
    this.vif = undefined;
  }

  private giveUp(fault: string): void {
    this.device.enqueue(() => {
      this.disconnect();
      throw new DeviceError(EIO, `${this.name}: ${fault}`);
    });
  }
}

/** A directory that is gone may not be read any more; the peer's state tells of that, too. */
const rethrowDeviceError = (error: unknown): void => {
  if (error instanceof DeviceError) throw error;
};
