import {EVTCHNSTAT_interdomain} from '../../hypervisor/abi/event-channel.ts';
import {VSCSIIF_SG_TABLESIZE} from '../../hypervisor/abi/io/vscsiif.ts';
import {
  XenbusStateClosed,
  XenbusStateClosing,
  XenbusStateConnected,
  XenbusStateInitialised,
  XenbusStateInitialising,
  XenbusStateInitWait,
  XenbusStateReconfigured,
  XenbusStateReconfiguring,
  XenbusStateUnknown,
} from '../../hypervisor/abi/io/xenbus.ts';
import {EINVAL, EIO} from '../../hypervisor/errno.ts';
import {
  between,
  DeviceError,
  type DriverInstance,
  parseState,
  readTuning,
  type XenbusDevice,
  type XenbusState,
} from '../../hypervisor/xenbus/index.ts';
import {readFrontendAbi} from '../frontend-abi.ts';
import {closeTransport, openTransport, type Transport} from '../ring-transport.ts';
import {ScsiBus} from './bus.ts';
import {ScsiQueue} from './queue.ts';
import {MAX_SEGMENTS} from './segments.ts';
import {ScsiMeter, type ScsiStatistics} from './stats.ts';
import {ScsiUnits, type UnitOpener} from './units.ts';

const MAX_U32 = 0xffff_ffff;

interface Connection {
  readonly transport: Transport;
  readonly queue: ScsiQueue;
}

/** scsiback's hold on one host of a guest: its ring, and the units behind it. */
export class ScsiBackend implements DriverInstance {
  readonly device: XenbusDevice;
  private readonly onRemoved: () => void;
  private readonly meter = new ScsiMeter();
  private readonly bus: ScsiBus;
  private readonly units: ScsiUnits;
  /** What `feature-sg-grant` says; 0: it is not offered. */
  private maxIndirect = MAX_SEGMENTS;
  private connection: Connection | undefined;
  private removed = false;

  /** What to do in each state of the frontend. */
  private readonly reactions: Readonly<Record<XenbusState, () => Promise<void>>> = {
    [XenbusStateInitialising]: () => this.onInitialising(),
    [XenbusStateInitialised]: () => this.connect(),
    [XenbusStateConnected]: () => this.onConnected(),
    [XenbusStateReconfiguring]: () => this.reconfigure(),
    [XenbusStateClosing]: () => this.onClosing(),
    [XenbusStateClosed]: () => this.onClosed(),
    [XenbusStateUnknown]: () => this.onGone(),
  };

  constructor(device: XenbusDevice, open: UnitOpener, onRemoved: () => void) {
    this.device = device;
    this.onRemoved = onRemoved;
    this.bus = new ScsiBus({name: `xen.${device.otherDomid}.${device.devid}`});
    this.units = new ScsiUnits(device, this.bus, open);
  }

  stats(): Readonly<ScsiStatistics> {
    return {...this.meter.counters};
  }

  get connected(): boolean {
    return this.connection !== undefined;
  }

  async start(): Promise<void> {
    const {device} = this;
    const tuned = await readTuning(device, {sgGrant: MAX_SEGMENTS}, {sgGrant: between(0, MAX_SEGMENTS)});
    this.maxIndirect = tuned.sgGrant >= VSCSIIF_SG_TABLESIZE ? tuned.sgGrant : 0;
    if (device.state === XenbusStateInitialising) await this.offer();
    else if (device.state !== XenbusStateClosed) await device.switchState(XenbusStateClosing);
  }

  otherEndChanged(state: XenbusState): Promise<void> | void {
    return this.reactions[state]?.();
  }

  /** The frontend's domain may have died without a word: its end of the channel is gone then. */
  checkPeer(): void {
    if (this.connection === undefined) return;
    const {ops} = this.device;
    const status = ops.evtchnStatus(ops.domid, this.connection.transport.port);
    if (typeof status === 'number' || status.status !== EVTCHNSTAT_interdomain)
      this.device.enqueue(() => this.onGone());
  }

  remove(): void {
    this.removed = true;
    void this.disconnect().then(() => this.units.close());
    this.onRemoved();
  }

  toString(): string {
    return `${String(this.device)}; ${this.units.count} units; ${String(this.connection?.queue ?? 'not connected')}`;
  }

  private async offer(): Promise<void> {
    const {device, maxIndirect} = this;
    if (maxIndirect > 0) await device.publish({'feature-sg-grant': maxIndirect});
    await device.switchState(XenbusStateInitWait);
  }

  private async onInitialising(): Promise<void> {
    if (this.device.state === XenbusStateClosed) await this.offer();
  }

  /** @see vscsiif.h, "Frontend XenBus Nodes" */
  private async connect(): Promise<void> {
    const {device} = this;
    if (device.state === XenbusStateConnected || device.state === XenbusStateClosing) return;
    await this.disconnect();
    // A frontend that begins anew may be here before it was seen to be Initialising.
    if (device.state === XenbusStateClosed) await this.offer();
    const abi = await readFrontendAbi(device);
    const ring = {
      refs: Uint32Array.of(await device.readOtherNumber('ring-ref', MAX_U32)),
      eventChannel: await device.readOtherNumber('event-channel', MAX_U32),
    };
    if (this.removed) return;
    const {ops, otherDomid} = device;
    const transport = openTransport(ops, otherDomid, abi, ring);
    const queue = new ScsiQueue({
      ops,
      transport,
      bus: this.bus,
      meter: this.meter,
      maxIndirect: this.maxIndirect,
      name: device.path,
      onBroken: (reason) => device.enqueue(() => this.fence(reason)),
    });
    this.connection = {transport, queue};
    await this.units.addAndRemove();
    await this.units.offerAgain();
    await device.switchState(XenbusStateConnected);
    if (this.connection?.queue === queue) queue.start();
  }

  private async onConnected(): Promise<void> {
    const {device} = this;
    if (this.connection === undefined) return this.connect();
    await this.units.confirm();
    if (device.state === XenbusStateReconfigured) await device.switchState(XenbusStateConnected);
  }

  /** The toolstack has written our state, and the frontend has followed. */
  private async reconfigure(): Promise<void> {
    const {device} = this;
    if (this.connection === undefined) throw new DeviceError(EINVAL, 'Reconfiguring before it was Connected');
    const asked = parseState(await device.read('state')) === XenbusStateReconfiguring;
    if (device.state !== XenbusStateConnected || !asked) return;
    device.adoptState(XenbusStateReconfiguring);
    await this.units.addAndRemove();
    await device.switchState(XenbusStateReconfigured);
  }

  private async onClosing(): Promise<void> {
    await this.disconnect();
    if (this.device.state !== XenbusStateClosed) await this.device.switchState(XenbusStateClosing);
  }

  /** A frontend may come again while the toolstack keeps the device online: units stay. */
  private async onClosed(): Promise<void> {
    await this.disconnect();
    await this.device.switchState(XenbusStateClosed);
    if ((await this.device.read('online')) !== '1') await this.units.close();
  }

  /** The frontend's directory is gone, says nothing that is a state, or its domain died. */
  private async onGone(): Promise<void> {
    await this.disconnect();
    await this.units.close();
    await this.device.switchState(XenbusStateClosed);
  }

  /** The frontend broke the ring: it is not served any more, and others are not touched. */
  private async fence(reason: string): Promise<void> {
    await this.disconnect();
    throw new DeviceError(EIO, reason);
  }

  /** Resolves when nothing of the guest is mapped any more. */
  private async disconnect(): Promise<void> {
    const {connection} = this;
    this.connection = undefined;
    if (connection === undefined) return;
    await connection.queue.stop();
    closeTransport(this.device.ops, connection.transport);
  }
}
