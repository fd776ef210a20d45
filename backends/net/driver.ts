import {type Observable, Subject, type Subscription} from 'rxjs';
import {
  XenbusStateClosed,
  XenbusStateClosing,
  XenbusStateConnected,
  XenbusStateInitialising,
  XenbusStateInitWait,
  XenbusStateUnknown,
} from '../../hypervisor/abi/io/xenbus.ts';
import {EINVAL, EIO, ENOENT, ENOSPC} from '../../hypervisor/errno.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {
  DeviceError,
  type DriverInstance,
  type XenbusDevice,
  type XenbusDriver,
  type XenbusState,
} from '../../hypervisor/xenbus/index.ts';
import {type Bridge, type Networks, parseMac, type VifPlace} from '../network/index.ts';
import {MAX_QUEUES, readFrontendNodes} from './frontend-nodes.ts';
import {PacketTap, type VifPacket} from './packet-tap.ts';
import {createShare, type NetbackShare} from './share.ts';
import {createVifStats, type VifStats} from './stats.ts';
import {Vif, type VifFrames} from './vif.ts';

/** What this backend can do, as netif.h spells it. */
const features = {
  'feature-sg': 1,
  'feature-gso-tcpv4': 1,
  'feature-rx-copy': 1,
  'feature-rx-flip': 0,
  'feature-split-event-channels': 1,
  'multi-queue-max-queues': MAX_QUEUES,
};

/** One network device of a guest on dom0's side, connected or not. */
export class NetBackend implements DriverInstance {
  readonly device: XenbusDevice;
  /** "vif1.0": what Linux calls the interface in dom0. */
  readonly name: string;
  /** As the guest was told; traffic with others passes, too. */
  readonly mac: string;
  private readonly place: VifPlace;
  private readonly share: NetbackShare;
  private readonly counters = createVifStats();
  private readonly captures = new Subject<VifFrames>();
  private readonly tap = new PacketTap();
  private vif: Vif | undefined;
  private hotplug: Subscription | undefined;
  /** Found in the middle of a connection that an earlier driver served: the frontend has to begin anew. */
  private restarting = false;

  constructor(device: XenbusDevice, share: NetbackShare, place: VifPlace, handle: string, mac: string) {
    this.device = device;
    this.share = share;
    this.place = place;
    this.name = `vif${device.otherDomid}.${handle}`;
    this.mac = mac;
  }

  get bridge(): Bridge {
    return this.place.bridge;
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

  /** Publishes what holds before a connection, and waits for the frontend. */
  async start(): Promise<void> {
    const {device} = this;
    await device.publish(features);
    this.restarting = device.state !== XenbusStateInitialising && device.state !== XenbusStateInitWait;
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
    [XenbusStateClosing]: () => this.closing(),
    [XenbusStateClosed]: () => this.closed(),
    [XenbusStateUnknown]: () => this.closed(),
  };

  /** A frontend that starts anew, after a crash, a reboot in place or a reload of its driver. */
  private async restart(): Promise<void> {
    const {state} = this.device;
    if (state === XenbusStateConnected || state === XenbusStateClosing) await this.close();
    await this.reopen();
  }

  private async reopen(): Promise<void> {
    this.restarting = false;
    if (this.device.state === XenbusStateClosed) await this.device.switchState(XenbusStateInitWait);
  }

  private async connect(): Promise<void> {
    if (this.restarting) return;
    await this.reopen();
    if (this.device.state !== XenbusStateInitWait || this.vif !== undefined) return;
    const {device, share} = this;
    this.vif = new Vif({
      ops: device.ops,
      share,
      domid: device.otherDomid,
      name: this.name,
      nodes: await readFrontendNodes(device),
      stats: this.counters,
      captures: this.captures,
      tap: this.tap,
      onFault: (fault) => this.giveUp(fault),
    });
    this.awaitHotplug(this.vif);
  }

  /** The toolstack's script says when the interface stands in dom0: only then may frames flow. */
  private awaitHotplug(vif: Vif): void {
    const {device} = this;
    const step = async (): Promise<void> => {
      if (this.vif !== vif || (await device.read('hotplug-status')) !== 'connected') return;
      this.hotplug?.unsubscribe();
      await this.attach(vif);
    };
    this.hotplug = device.xs
      .watch(`${device.path}/hotplug-status`)
      .subscribe({next: () => device.enqueue(step), error: () => undefined});
  }

  private async attach(vif: Vif): Promise<void> {
    if (this.device.state === XenbusStateConnected) return;
    if (!vif.start(this.place)) {
      this.disconnect();
      throw new DeviceError(ENOSPC, `bridge ${this.bridge.name} has no port left`);
    }
    await this.device.switchState(XenbusStateConnected);
  }

  private async closing(): Promise<void> {
    this.disconnect();
    if (this.device.state !== XenbusStateClosed) await this.device.switchState(XenbusStateClosing);
  }

  private async close(): Promise<void> {
    await this.closing();
    await this.device.switchState(XenbusStateClosed);
  }

  private async closed(): Promise<void> {
    await this.close();
    const stays = this.device.otherState === XenbusStateClosed && (await this.device.read('online')) === '1';
    if (stays && this.restarting) await this.reopen();
    else if (!stays) await this.device.xs.rm(`${this.device.path}/hotplug-status`).catch(() => undefined);
  }

  private disconnect(): void {
    this.hotplug?.unsubscribe();
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

export interface NetBackendOptions {
  /** The bridges of the backend's domain. */
  networks: Networks;
  /** Called for each vif that appears. */
  onVif?: (vif: NetBackend) => void;
}

/** The driver of `backend/vif/DOMID/DEVID`: netback. */
export const netBackend = ({networks, onVif}: NetBackendOptions): XenbusDriver => {
  const shares = new Map<HypervisorOps, NetbackShare>();
  const shareOf = (ops: HypervisorOps): NetbackShare => {
    const share = shares.get(ops) ?? createShare(ops);
    shares.set(ops, share);
    return share;
  };
  return {
    type: 'vif',
    probe: async (device) => {
      const vif = await probe(device, networks, shareOf(device.ops));
      onVif?.(vif);
      await vif.start();
      return vif;
    },
  };
};

const probe = async (device: XenbusDevice, networks: Networks, share: NetbackShare): Promise<NetBackend> => {
  const mac = (await device.read('mac')) ?? '';
  if (parseMac(mac) === undefined) throw new DeviceError(EINVAL, `parsing mac "${mac}"`);
  const place = networks.place(await device.read('script'), await device.read('bridge'));
  if (typeof place === 'string') throw new DeviceError(ENOENT, place);
  const handle = (await device.read('handle')) ?? device.devid;
  return new NetBackend(device, share, place, handle, mac);
};
