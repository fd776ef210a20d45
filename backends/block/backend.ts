import {type Observable, Subject, type Subscription} from 'rxjs';
import {negotiatesSectorSize} from '../../hypervisor/abi/io/blkif-sectors.ts';
import {
  XenbusStateClosed,
  XenbusStateClosing,
  XenbusStateConnected,
  XenbusStateInitialised,
  XenbusStateInitialising,
  XenbusStateInitWait,
  XenbusStateUnknown,
} from '../../hypervisor/abi/io/xenbus.ts';
import {EINVAL, EIO} from '../../hypervisor/errno.ts';
import {
  DeviceError,
  type DriverInstance,
  readTuning,
  type XenbusDevice,
  type XenbusState,
} from '../../hypervisor/xenbus/index.ts';
import type {StorageOpener} from '../storage/index.ts';
import {Connection} from './connection.ts';
import {featureNodeOf} from './disk-nodes.ts';
import {Drive} from './drive.ts';
import {type BlockFeatures, defaultFeatures, featureReaders, offerNodes} from './features.ts';
import {readFrontend} from './frontend-nodes.ts';
import {patientOpener} from './patient-opener.ts';
import {type BlockBatch, type BlockDistribution, BlockMeter, type BlockStatistics} from './stats.ts';

export interface BlockBackendOptions {
  /** Opens the image that the `params` node names. */
  open: StorageOpener;
  /** Other than the defaults, for every disk; the `tuning` node of a disk's directory has the last word. */
  features?: Partial<BlockFeatures>;
  /** Requests of one ring under way at once; by default 32 for each of its pages. Only slow storage fills it. */
  maxInFlight?: number;
}

/** blkback's hold on one disk. */
export class BlockBackend implements DriverInstance {
  readonly device: XenbusDevice;
  private readonly options: BlockBackendOptions;
  private readonly onRemoved: () => void;
  private readonly meter = new BlockMeter();
  private readonly batchSubject = new Subject<BlockBatch>();
  private readonly watches: Subscription[] = [];
  private readonly withdrawn = new Set<string>();
  private features: BlockFeatures = defaultFeatures;
  private opener: StorageOpener;
  private drive: Drive | undefined;
  private connection: Connection | undefined;
  /** Resolves when nothing of connections before is under way. */
  private closing: Promise<void> = Promise.resolve();
  /** An earlier driver was here, and no connection of ours yet: a frontend that is Closed is to begin anew. */
  private restarting = false;
  private removed = false;

  /** What to do in each state of the frontend. @see blkif.h, "State diagrams" */
  private readonly reactions: Readonly<Record<XenbusState, () => Promise<void>>> = {
    [XenbusStateInitialising]: () => this.onInitialising(),
    [XenbusStateInitialised]: () => this.connect(),
    [XenbusStateConnected]: () => this.connect(),
    [XenbusStateClosing]: () => this.onClosing(),
    [XenbusStateClosed]: () => this.onClosed(),
    [XenbusStateUnknown]: () => this.onGone(),
  };

  constructor(device: XenbusDevice, options: BlockBackendOptions, onRemoved: () => void) {
    this.device = device;
    this.options = options;
    this.opener = options.open;
    this.onRemoved = onRemoved;
  }

  /** Counters as sysfs has them, over all queues and connections. */
  stats(): Readonly<BlockStatistics> {
    return {...this.meter.counters};
  }

  /** How requests were spread in time and length, over the same. */
  distribution(): BlockDistribution {
    return this.meter.distribution;
  }

  /** One emission for each drained event. Completes when the device is removed. */
  get batches(): Observable<BlockBatch> {
    return this.batchSubject.asObservable();
  }

  get connected(): boolean {
    return this.connection !== undefined;
  }

  async start(): Promise<void> {
    const {device} = this;
    this.features = await readTuning(device, {...defaultFeatures, ...this.options.features}, featureReaders);
    if (device.state === XenbusStateInitialising) await this.offer();
    else await this.takeOver();
    this.watch('physical-device', () => this.onHotplug());
    this.watch('params', () => this.onMedium());
  }

  otherEndChanged(state: XenbusState): Promise<void> | void {
    return this.reactions[state]?.();
  }

  /** The frontend's domain may have died without a word: its end of the channel is gone then. */
  checkPeer(): void {
    if (this.connection?.isPeerThere() === false) this.device.enqueue(() => this.onGone());
  }

  /** The image may have another size: a connected frontend is told. */
  resize(): void {
    this.device.enqueue(async () => {
      if (this.drive?.remeasure() === true) await this.tellSize(this.drive);
    });
  }

  async remove(): Promise<void> {
    this.removed = true;
    for (const watch of this.watches) watch.unsubscribe();
    const end = this.disconnect();
    this.batchSubject.complete();
    this.onRemoved();
    await end;
    this.closeDrive();
  }

  toString(): string {
    return `${String(this.device)}; ${String(this.drive ?? 'no image')}; ${String(this.connection ?? 'not connected')}`;
  }

  private watch(key: string, onChange: () => Promise<void>): void {
    const {device} = this;
    const watch = device.xs
      .watch(`${device.path}/${key}`)
      .subscribe({next: () => device.enqueue(onChange), error: () => undefined});
    this.watches.push(watch);
  }

  /** Publishes what holds before a connection, and waits for the frontend. */
  private async offer(): Promise<void> {
    await this.device.publish(offerNodes(this.features));
    await this.device.switchState(XenbusStateInitWait);
  }

  /** An earlier driver was here, and the last operations of it, or of one before, may still have the image open. */
  private async takeOver(): Promise<void> {
    const {device} = this;
    this.opener = patientOpener(this.opener, device.ops.schedule);
    this.restarting = true;
    // What that driver offered holds, and nobody has gone beyond it.
    const isOffered = device.state === XenbusStateInitWait;
    if (!isOffered && device.state !== XenbusStateClosed) await device.switchState(XenbusStateClosing);
  }

  /** The block script has run: there is a device to serve. Which one it is cannot change later. */
  private async onHotplug(): Promise<void> {
    const {state, otherState} = this.device;
    const waiting = state === XenbusStateInitialising || state === XenbusStateInitWait;
    if (!waiting || !(await this.openDrive())) return;
    if (otherState === XenbusStateInitialised || otherState === XenbusStateConnected) await this.connect();
  }

  /** A drive's medium was changed or taken out; a disk keeps its image. What was under way ends with the old one. */
  private async onMedium(): Promise<void> {
    const {drive} = this;
    const target = await this.device.read('params');
    if (drive === undefined || target === undefined || !drive.isCdrom || target === drive.target) return;
    await this.connection?.pause();
    try {
      await drive.change(target);
    } catch (error) {
      if (!(error instanceof DeviceError)) throw error;
      await this.device.reportError(error);
    }
    await this.tellSize(drive);
    this.connection?.goOn();
  }

  private async tellSize(drive: Drive): Promise<void> {
    if (this.device.state === XenbusStateConnected) await this.device.republish(drive.sizes);
  }

  private async onInitialising(): Promise<void> {
    this.restarting = false;
    if (this.device.state === XenbusStateClosed) await this.offer();
  }

  private async onClosing(): Promise<void> {
    if (this.device.state !== XenbusStateClosed) await this.device.switchState(XenbusStateClosing);
  }

  /** A frontend may come again while the toolstack keeps the device online. */
  private async onClosed(): Promise<void> {
    const {device} = this;
    const isOnline = (await device.read('online')) === '1';
    // One that an earlier driver has left has yet to see that we wait for it.
    if (isOnline && this.restarting && device.state === XenbusStateInitWait) return;
    await this.disconnect();
    await device.switchState(XenbusStateClosed);
    if (!isOnline) this.closeDrive();
    else if (this.restarting) await this.offer();
  }

  /** The frontend's directory is gone, says nothing that is a state, or its domain died. */
  private async onGone(): Promise<void> {
    await this.disconnect();
    this.closeDrive();
    await this.device.switchState(XenbusStateClosed);
  }

  private async connect(): Promise<void> {
    const {device} = this;
    if (device.state === XenbusStateConnected || device.state === XenbusStateClosing || !(await this.openDrive()))
      return;
    await this.disconnect();
    // A frontend that begins anew may be here before it was seen to be Initialising.
    if (device.state === XenbusStateClosed) await this.offer();
    const connection = await this.makeConnection();
    if (connection === undefined || this.drive === undefined) return;
    this.restarting = false;
    await device.publish(this.drive.properties);
    await device.switchState(XenbusStateConnected);
    if (this.connection === connection) connection.start();
  }

  private async makeConnection(): Promise<Connection | undefined> {
    const {device, features, meter} = this;
    const frontend = await readFrontend(device, features);
    if (features.sector > 512 && negotiatesSectorSize(features.reading) && !frontend.largeSectors) {
      throw new DeviceError(EINVAL, `sector-size ${features.sector} without feature-large-sector-size`);
    }
    if (this.removed || this.drive === undefined) return undefined;
    this.connection = new Connection({
      device,
      frontend,
      features,
      disk: this.drive.served,
      meter,
      batches: this.batchSubject,
      maxInFlight: this.options.maxInFlight,
      onUnsupported: (operation) => this.withdraw(operation),
      onBroken: (reason) => device.enqueue(() => this.fence(reason)),
    });
    return this.connection;
  }

  /** The storage turned out not to know an operation: frontends to come are not offered it. */
  private withdraw(operation: number): void {
    const node = featureNodeOf[operation];
    if (node === undefined || this.withdrawn.has(node)) return;
    this.withdrawn.add(node);
    this.device.enqueue(() => this.device.publish({[node]: 0}));
  }

  /** The frontend broke the ring: it is not served any more, and others are not touched. */
  private async fence(reason: string): Promise<void> {
    await this.disconnect();
    throw new DeviceError(EIO, reason);
  }

  /** Resolves when nothing of the guest is mapped any more. */
  private disconnect(): Promise<void> {
    const {connection, closing} = this;
    this.connection = undefined;
    if (connection !== undefined) this.closing = connection.close().then(() => closing);
    return this.closing;
  }

  /** False while the block script has not run. */
  private async openDrive(): Promise<boolean> {
    if (this.drive !== undefined) return true;
    const drive = await Drive.open(this.device, this.features, this.opener);
    if (this.removed) drive?.close();
    else this.drive = drive;
    return this.drive !== undefined;
  }

  private closeDrive(): void {
    this.drive?.close();
    this.drive = undefined;
  }
}
