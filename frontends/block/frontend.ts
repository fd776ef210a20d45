import {
  XenbusStateClosed,
  XenbusStateClosing,
  XenbusStateConnected,
  XenbusStateInitialised,
  XenbusStateInitialising,
  XenbusStateInitWait,
  XenbusStateUnknown,
} from '../../hypervisor/abi/io/xenbus.ts';
import {BLKIF_MAX_SEGMENTS_PER_REQUEST} from '../../hypervisor/abi/io/blkif.ts';
import {sectorUnits} from '../../hypervisor/abi/io/blkif-sectors.ts';
import {EINVAL, EIO} from '../../hypervisor/errno.ts';
import {NS_PER_S, type Timer} from '../../hypervisor/schedule/index.ts';
import {
  DeviceError,
  type DriverInstance,
  readTuning,
  type XenbusDevice,
  type XenbusState,
} from '../../hypervisor/xenbus/index.ts';
import {GrantKeeper} from '../grant-keeper.ts';
import {Disk} from './disk.ts';
import {type DiskProperties, readProperties, readSize} from './disk-properties.ts';
import {type BlockFrontFeatures, defaultFrontFeatures, frontFeatureReaders} from './features.ts';
import {kernelName} from './kernel-name.ts';
import {Lane} from './lane.ts';
import {obsoleteNodes, planRings, transportNodes} from './negotiation.ts';
import {BlockRing} from './ring.ts';

/** A backend that went away while its device is online may be started anew: calls wait for it so long. */
const RETURN_NS = 10 * NS_PER_S;

export interface BlockFrontendOptions {
  /** Other than the defaults, for every disk; the `tuning` node of a disk's directory has the last word. */
  features?: Partial<BlockFrontFeatures>;
  /** Index at which rings start, 0 in real kernels: tests begin near 2^32. */
  ringStart?: number;
}

/** blkfront's hold on one disk. */
export class BlockFrontend implements DriverInstance {
  readonly device: XenbusDevice;
  private readonly options: BlockFrontendOptions;
  private readonly onDevice: (disk: Disk) => void;
  private readonly keeper: GrantKeeper;
  private features: BlockFrontFeatures = defaultFrontFeatures;
  private virtualDevice = 0;
  private name = '';
  private trusted = true;
  private lanes: readonly Lane[] = [];
  private current: Disk | undefined;
  private patience: Timer | undefined;
  /** A kernel that ran here before left the device in the middle of something: the backend has to let go first. */
  private restarting = false;
  /** No connection of before, ours or another kernel's, has left nodes. */
  private isFirst = true;

  /** What to do in each state of the backend. @see blkif.h, "State diagrams" */
  private readonly reactions: Readonly<Record<XenbusState, () => Promise<void>>> = {
    [XenbusStateInitWait]: () => this.negotiate(),
    [XenbusStateInitialised]: () => this.negotiate(),
    [XenbusStateConnected]: () => this.connect(),
    [XenbusStateClosing]: () => this.onClosing(),
    [XenbusStateClosed]: () => this.onClosed(),
    [XenbusStateUnknown]: () => this.onClosed(),
  };

  constructor(device: XenbusDevice, options: BlockFrontendOptions, onDevice: (disk: Disk) => void) {
    this.device = device;
    this.options = options;
    this.onDevice = onDevice;
    this.keeper = new GrantKeeper(device.ops);
  }

  /** The disk from its first connection on until it is gone. */
  get disk(): Disk | undefined {
    return this.current;
  }

  async start(): Promise<void> {
    const {device} = this;
    const text = (await device.read('virtual-device')) ?? device.devid;
    const name = /^\d{1,10}$/.test(text) ? kernelName(Number(text)) : undefined;
    if (name === undefined) throw new DeviceError(EINVAL, `virtual-device "${text}"`);
    this.virtualDevice = Number(text);
    this.name = name;
    this.isFirst = !(await this.hasTransport());
    this.trusted = (await device.read('trusted')) !== '0';
    this.features = await readTuning(device, {...defaultFrontFeatures, ...this.options.features}, frontFeatureReaders);
    await this.beginAnew();
  }

  /**
   * The domain goes on after a suspend, here or on another host, where nothing of its grants and ports is left: a new
   * connection is made, and what was under way is asked for again.
   */
  resume(): void {
    this.device.enqueue(async () => {
      this.disconnect();
      this.release();
      await this.device.takeDirectory();
      await this.beginAnew();
    });
  }

  otherEndChanged(state: XenbusState): Promise<void> | void {
    return this.reactions[state]?.();
  }

  remove(): void {
    this.disconnect();
    this.drop();
    this.release();
  }

  toString(): string {
    const rings = this.lanes.map(({ring}) => String(ring)).join(', ');
    return `${String(this.device)}; ${String(this.current ?? this.name)}; ${rings || 'no ring'}`;
  }

  /** Nodes of a connection are there; what else a driver writes, the toolstack may have written as well. */
  private async hasTransport(): Promise<boolean> {
    const {device} = this;
    return (
      (await device.read('event-channel')) !== undefined || (await device.read('multi-queue-num-queues')) !== undefined
    );
  }

  /** What stands in the store may be the state of a kernel before us. */
  private async beginAnew(): Promise<void> {
    const {device} = this;
    this.restarting = device.state !== XenbusStateInitialising;
    if (this.restarting && device.state !== XenbusStateClosed) await device.switchState(XenbusStateClosed);
  }

  /** Publishes rings. A backend that has come back finds us Closed. */
  private async negotiate(): Promise<void> {
    const {device, features} = this;
    if (device.state === XenbusStateClosed) await device.switchState(XenbusStateInitialising);
    if (device.state !== XenbusStateInitialising) return;
    this.restarting = false;
    this.disconnect();
    this.release();
    const plan = await planRings(device, features);
    if (device.isGone) return;
    const lanes: Lane[] = [];
    this.lanes = lanes;
    while (lanes.length < plan.queues) lanes.push(this.makeLane(plan.order));
    const rings = lanes.map(({ring}) => ring);
    const nodes = transportNodes(device, features, plan, rings);
    await device.publish(nodes, this.isFirst ? [] : obsoleteNodes(nodes));
    this.isFirst = false;
    await device.switchState(XenbusStateInitialised);
  }

  private makeLane(order: number): Lane {
    const {ops, otherDomid} = this.device;
    const ring = new BlockRing(
      {
        ops,
        otherDomid,
        handle: this.virtualDevice & 0xffff,
        order,
        start: this.options.ringStart,
        onComplete: (tag, status) => this.current?.onComplete(lane, tag, status),
        onDrained: () => this.current?.onDrained(),
        onBroken: (reason) => this.giveUp(reason),
      },
      this.keeper,
    );
    const lane = new Lane(ops, ring, this.trusted);
    return lane;
  }

  private async connect(): Promise<void> {
    const {device, lanes, features} = this;
    // The backend may have gone through InitWait unseen.
    if (device.state === XenbusStateInitialising) return this.negotiate();
    if (device.state === XenbusStateConnected) return this.onSize();
    if (device.state !== XenbusStateInitialised || lanes.length === 0) return;
    const properties = await readProperties(device, features.reading);
    if (this.lanes !== lanes) return;
    this.patience?.cancel();
    const known = this.current;
    this.current ??= new Disk(this.name, this.virtualDevice, properties);
    this.open(this.current, lanes, properties);
    await device.switchState(XenbusStateConnected);
    if (known === undefined && this.current !== undefined) this.onDevice(this.current);
  }

  /** Both ends know what holds from now on. */
  private open(disk: Disk, lanes: readonly Lane[], properties: DiskProperties): void {
    const {features} = this;
    const {persistent, flush, barrier, discardGranularity} = properties;
    const maxSegments = Math.max(BLKIF_MAX_SEGMENTS_PER_REQUEST, Math.min(features.indirect, properties.indirect));
    const units = sectorUnits(features.reading, properties.sectorSize);
    for (const lane of lanes) lane.agree({persistent: persistent && features.persistent, maxSegments, units});
    const wanted = {...properties, discardGranularity: features.discard ? discardGranularity : 0};
    const terms = {maxSegments, flush: flush && features.flush, barrier: barrier && features.barrier};
    disk.connect(lanes, wanted, terms);
  }

  /** The backend wrote its state again: the disk may have got another size, or another medium. */
  private async onSize(): Promise<void> {
    const {current, device, features} = this;
    if (current !== undefined) current.resize(await readSize(device, features.reading, current.sectorSize));
  }

  /** The backend stops; it lets go of our pages only when it has seen us Closed. */
  private async onClosing(): Promise<void> {
    const {device} = this;
    const ours = device.state === XenbusStateClosing;
    this.disconnect();
    if (this.current !== undefined && !ours && (await this.mayReturn())) this.awaitReturn();
    else this.drop();
    if (device.state !== XenbusStateClosed) await device.switchState(XenbusStateClosed);
  }

  /** Closed without a word before is the same. A device that has not begun yet waits for the backend instead. */
  private async onClosed(): Promise<void> {
    if (this.device.state === XenbusStateInitialising) return;
    await this.onClosing();
    this.release();
    if (!this.restarting) return;
    this.restarting = false;
    await this.device.switchState(XenbusStateInitialising);
  }

  /** The toolstack takes `online` away before it takes the device. */
  private async mayReturn(): Promise<boolean> {
    return (await this.device.readOther('online').catch(() => undefined)) === '1';
  }

  private awaitReturn(): void {
    this.patience?.cancel();
    this.patience = this.device.ops.schedule.after(RETURN_NS, () => this.drop());
  }

  /** What the backend did wrong is in `error`; other devices go on. */
  private giveUp(reason: string): void {
    this.disconnect();
    this.drop();
    this.device.enqueue(() => {
      throw new DeviceError(EIO, reason);
    });
  }

  /** What is under way waits for another connection. Pages stay granted. */
  private disconnect(): void {
    for (const {ring} of this.lanes) ring.stop();
    this.current?.disconnect();
  }

  /** What is under way fails with ENODEV. */
  private drop(): void {
    this.patience?.cancel();
    this.current?.close();
    this.current = undefined;
  }

  private release(): void {
    for (const {ring} of this.lanes) ring.release(this.keeper);
    this.lanes = [];
    this.keeper.retry();
  }
}
