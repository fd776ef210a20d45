import {parseScsiAddress} from '../../hypervisor/abi/io/vscsi-address.ts';
import {VSCSIIF_SG_TABLESIZE} from '../../hypervisor/abi/io/vscsiif.ts';
import {XEN_IO_PROTO_ABI_NATIVE} from '../../hypervisor/abi/io/protocols.ts';
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
import {EIO} from '../../hypervisor/errno.ts';
import {
  between,
  DeviceError,
  type DriverInstance,
  parseState,
  readTuning,
  type XenbusDevice,
  type XenbusState,
} from '../../hypervisor/xenbus/index.ts';
import type {ScsiUnit} from '../api.ts';
import {GrantKeeper} from '../grant-keeper.ts';
import {CommandQueue} from './command-queue.ts';
import {ScsiRing} from './ring.ts';
import {GuestUnit} from './unit.ts';

const MAX_U32 = 0xffff_ffff;
/** Segments of a command at most, whatever the backend takes: 1 MiB. */
const MAX_SEGMENTS = 256;
/** Units of one host that are looked at. */
const MAX_UNITS = 256;

export interface ScsiFrontendOptions {
  /** Index at which the ring starts, 0 in real kernels: tests begin near 2^32. */
  ringStart?: number;
}

interface Connection {
  readonly ring: ScsiRing;
  readonly queue: CommandQueue;
  readonly maxSegments: number;
}

/** scsifront's hold on one host: its ring, and the units that the backend has there. */
export class ScsiFrontend implements DriverInstance {
  readonly device: XenbusDevice;
  private readonly options: ScsiFrontendOptions;
  private readonly onUnit: (unit: ScsiUnit) => void;
  private readonly keeper: GrantKeeper;
  private maxSegments = MAX_SEGMENTS;
  private connection: Connection | undefined;
  /** By name: "dev-0". */
  private readonly units = new Map<string, GuestUnit>();
  /** A kernel that ran here before left the device in the middle of something: the backend has to let go first. */
  private restarting = false;

  /** What to do in each state of the backend. */
  private readonly reactions: Readonly<Record<XenbusState, () => Promise<void>>> = {
    [XenbusStateInitWait]: () => this.negotiate(),
    [XenbusStateInitialised]: () => this.negotiate(),
    [XenbusStateConnected]: () => this.onConnected(),
    [XenbusStateReconfiguring]: () => this.onReconfiguring(),
    [XenbusStateReconfigured]: () => this.onReconfigured(),
    [XenbusStateClosing]: () => this.onClosing(),
    [XenbusStateClosed]: () => this.onClosed(),
    [XenbusStateUnknown]: () => this.onClosed(),
  };

  constructor(device: XenbusDevice, options: ScsiFrontendOptions, onUnit: (unit: ScsiUnit) => void) {
    this.device = device;
    this.options = options;
    this.onUnit = onUnit;
    this.keeper = new GrantKeeper(device.ops);
  }

  /** Those that can be used now. */
  get connectedUnits(): readonly ScsiUnit[] {
    return [...this.units.values()];
  }

  async start(): Promise<void> {
    const tuned = await readTuning(this.device, {segments: MAX_SEGMENTS}, {segments: between(1, MAX_SEGMENTS)});
    this.maxSegments = tuned.segments;
    await this.beginAnew();
  }

  /** The domain goes on after a suspend: a new ring is made. What was under way ends as by a reset. */
  resume(): void {
    this.device.enqueue(async () => {
      this.disconnect();
      await this.device.takeDirectory();
      await this.beginAnew();
    });
  }

  otherEndChanged(state: XenbusState): Promise<void> | void {
    return this.reactions[state]?.();
  }

  remove(): void {
    this.disconnect();
  }

  toString(): string {
    return `${String(this.device)}; ${this.units.size} units; ${String(this.connection?.ring ?? 'no ring')}`;
  }

  /** What stands in the store may be the state of a kernel before us. */
  private async beginAnew(): Promise<void> {
    const {device} = this;
    this.restarting = device.state !== XenbusStateInitialising;
    if (this.restarting && device.state !== XenbusStateClosed) await device.switchState(XenbusStateClosed);
  }

  /** Publishes a ring. A backend that has come back finds us Closed. */
  private async negotiate(): Promise<void> {
    const {device} = this;
    if (device.state === XenbusStateClosed) await device.switchState(XenbusStateInitialising);
    if (device.state !== XenbusStateInitialising) return;
    this.restarting = false;
    this.disconnect();
    const offered = await device.readOtherNumber('feature-sg-grant', MAX_U32, 0);
    if (device.isGone) return;
    const {ring} = this.connect(Math.min(Math.max(offered, VSCSIIF_SG_TABLESIZE), this.maxSegments));
    await device.publish({
      'ring-ref': ring.page.ref,
      'event-channel': ring.port,
      protocol: XEN_IO_PROTO_ABI_NATIVE[device.ops.abi],
    });
    await device.switchState(XenbusStateInitialised);
  }

  private connect(maxSegments: number): Connection {
    const {ops, otherDomid} = this.device;
    const ring = new ScsiRing(
      {
        ops,
        otherDomid,
        start: this.options.ringStart,
        onComplete: (tag, response) => queue.onComplete(tag, response),
        onDrained: () => queue.pump(),
        onBroken: (reason) => this.giveUp(reason),
      },
      maxSegments,
      this.keeper,
    );
    const queue = new CommandQueue(ops, ring);
    this.connection = {ring, queue, maxSegments};
    return this.connection;
  }

  private async onConnected(): Promise<void> {
    const {device} = this;
    // The backend may have gone through InitWait unseen.
    if (device.state === XenbusStateInitialising) return this.negotiate();
    if (device.state !== XenbusStateInitialised || this.connection === undefined) return;
    await this.addUnits();
    await device.switchState(XenbusStateConnected);
  }

  /** The toolstack changes the units: those that go are let go of first. */
  private async onReconfiguring(): Promise<void> {
    const {device} = this;
    if (device.state !== XenbusStateConnected) return;
    await this.removeUnits();
    await device.switchState(XenbusStateReconfiguring);
  }

  private async onReconfigured(): Promise<void> {
    const {device} = this;
    if (device.state === XenbusStateConnected) await this.onReconfiguring();
    if (device.state !== XenbusStateReconfiguring) return;
    await this.addUnits();
    await device.switchState(XenbusStateConnected);
  }

  private addUnits(): Promise<void> {
    return this.forEachUnit(async (name, state) => {
      const {connection, device} = this;
      if (state !== XenbusStateInitialised || this.units.has(name) || connection === undefined) return;
      const address = parseScsiAddress((await device.readOther(`vscsi-devs/${name}/v-dev`)) ?? '');
      if (address === undefined || this.connection !== connection) return;
      const unit = new GuestUnit(address, connection.queue, connection.maxSegments);
      this.units.set(name, unit);
      await device.publish({[`vscsi-devs/${name}/state`]: XenbusStateConnected});
      this.onUnit(unit);
    });
  }

  private removeUnits(): Promise<void> {
    return this.forEachUnit(async (name, state) => {
      if (state !== XenbusStateClosing && state !== XenbusStateClosed) return;
      this.units.get(name)?.close();
      this.units.delete(name);
      await this.device.publish({[`vscsi-devs/${name}/state`]: XenbusStateClosed});
    });
  }

  /** Units as the backend's directory has them, with their states there. */
  private async forEachUnit(act: (name: string, state: XenbusState) => Promise<void>): Promise<void> {
    const {device} = this;
    const names = (await device.xs.directory(`${device.otherPath}/vscsi-devs`).catch(() => undefined)) ?? [];
    for (const name of names.slice(0, MAX_UNITS)) {
      await act(name, parseState(await device.readOther(`vscsi-devs/${name}/state`)));
    }
  }

  /** The backend stops; it lets go of our pages only when it has seen us Closed. */
  private async onClosing(): Promise<void> {
    this.disconnect();
    if (this.device.state !== XenbusStateClosed) await this.device.switchState(XenbusStateClosed);
  }

  /** Closed without a word before is the same. A device that has not begun yet waits for the backend instead. */
  private async onClosed(): Promise<void> {
    if (this.device.state === XenbusStateInitialising) return;
    await this.onClosing();
    this.keeper.retry();
    if (!this.restarting) return;
    this.restarting = false;
    await this.device.switchState(XenbusStateInitialising);
  }

  /** What the backend did wrong is in `error`; other devices go on. */
  private giveUp(reason: string): void {
    this.disconnect();
    this.device.enqueue(() => {
      throw new DeviceError(EIO, reason);
    });
  }

  /** Units are gone with their ring. Pages of it stay the backend's until it lets go. */
  private disconnect(): void {
    const {connection} = this;
    this.connection = undefined;
    if (connection === undefined) return;
    connection.ring.stop();
    for (const unit of this.units.values()) unit.close();
    this.units.clear();
    connection.queue.close();
    connection.ring.release(this.keeper);
  }
}
