import {type Observable, Subject, type Subscription} from 'rxjs';
import {EVTCHNSTAT_interdomain} from '../../hypervisor/abi/event-channel.ts';
import {
  XenbusStateClosed,
  XenbusStateClosing,
  XenbusStateConnected,
  XenbusStateInitialised,
  XenbusStateInitialising,
  XenbusStateInitWait,
  XenbusStateUnknown,
} from '../../hypervisor/abi/io/xenbus.ts';
import {EBUSY, EIO, ENOENT} from '../../hypervisor/errno.ts';
import {DeviceError, type DriverInstance, type XenbusDevice, type XenbusState} from '../../hypervisor/xenbus/index.ts';
import {SECTOR_BYTES, type Storage, StorageError, type StorageErrorCode, type StorageOpener} from '../storage/index.ts';
import {type DiskDescription, featureNodes, offersDiscard, propertyNodes, readDescription} from './disk-nodes.ts';
import {BlockQueue} from './queue.ts';
import {type BlockBatch, type BlockStatistics, newStatistics} from './stats.ts';
import {closeTransport, openTransport, type Transport} from './transport.ts';

export interface BlockBackendOptions {
  /** Opens the image that the `params` node names. */
  open: StorageOpener;
  /** Requests of one disk under way at once, 1..32; 32 by default. Only storage that takes its time fills it. */
  maxInFlight?: number;
}

interface Disk {
  readonly description: DiskDescription;
  readonly storage: Storage;
}

interface Connection {
  readonly transport: Transport;
  readonly queue: BlockQueue;
}

const errnoOf: Partial<Record<StorageErrorCode, number>> = {missing: ENOENT, busy: EBUSY};

/** blkback's hold on one disk. */
export class BlockBackend implements DriverInstance {
  readonly device: XenbusDevice;
  private readonly options: BlockBackendOptions;
  private readonly onRemoved: () => void;
  private readonly counters: BlockStatistics = newStatistics();
  private readonly batchSubject = new Subject<BlockBatch>();
  private hotplug: Subscription | undefined;
  private disk: Disk | undefined;
  private connection: Connection | undefined;
  /** Found in the middle of a connection that an earlier driver served: the frontend has to begin anew. */
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
    this.onRemoved = onRemoved;
  }

  /** Counters as sysfs has them, over all connections. */
  get stats(): Readonly<BlockStatistics> {
    return {...this.counters};
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
    if (device.state === XenbusStateInitialising) await this.offer();
    else if (device.state !== XenbusStateInitWait) await this.restart();
    this.hotplug = device.xs
      .watch(`${device.path}/physical-device`)
      .subscribe({next: () => device.enqueue(() => this.onHotplug()), error: () => undefined});
  }

  otherEndChanged(state: XenbusState): Promise<void> | void {
    return this.reactions[state]?.();
  }

  /** The frontend's domain may have died without a word: its end of the channel is gone then. */
  checkPeer(): void {
    const {connection, device} = this;
    if (connection === undefined) return;
    const status = device.ops.evtchnStatus(device.ops.domid, connection.transport.port);
    if (typeof status === 'number' || status.status !== EVTCHNSTAT_interdomain) device.enqueue(() => this.onGone());
  }

  remove(): void {
    this.removed = true;
    this.hotplug?.unsubscribe();
    void this.disconnect().then(() => this.closeDisk());
    this.batchSubject.complete();
    this.onRemoved();
  }

  toString(): string {
    const what = this.connection === undefined ? 'not connected' : String(this.connection.queue);
    return `${String(this.device)}; ${String(this.disk?.storage ?? 'no image')}; ${what}`;
  }

  /** Publishes what holds before a connection, and waits for the frontend. */
  private async offer(): Promise<void> {
    await this.device.publish(featureNodes);
    await this.device.switchState(XenbusStateInitWait);
  }

  private async restart(): Promise<void> {
    this.restarting = true;
    if (this.device.state !== XenbusStateClosed) await this.device.switchState(XenbusStateClosing);
  }

  /** The block script has run: there is a device to serve. Which one it is cannot change later. */
  private async onHotplug(): Promise<void> {
    const {state, otherState} = this.device;
    const waiting = state === XenbusStateInitialising || state === XenbusStateInitWait;
    if (!waiting || !(await this.openDisk())) return;
    if (otherState === XenbusStateInitialised || otherState === XenbusStateConnected) await this.connect();
  }

  private async onInitialising(): Promise<void> {
    if (this.device.state !== XenbusStateClosed) return;
    this.restarting = false;
    await this.offer();
  }

  private async onClosing(): Promise<void> {
    if (this.device.state !== XenbusStateClosed) await this.device.switchState(XenbusStateClosing);
  }

  /** A frontend may come again while the toolstack keeps the device online. */
  private async onClosed(): Promise<void> {
    await this.disconnect();
    await this.device.switchState(XenbusStateClosed);
    if ((await this.device.read('online')) !== '1') this.closeDisk();
    else if (this.restarting) await this.onInitialising();
  }

  /** The frontend's directory is gone, says nothing that is a state, or its domain died. */
  private async onGone(): Promise<void> {
    await this.disconnect();
    this.closeDisk();
    await this.device.switchState(XenbusStateClosed);
  }

  private async connect(): Promise<void> {
    const {device} = this;
    if (device.state === XenbusStateConnected || device.state === XenbusStateClosing || !(await this.openDisk()))
      return;
    await this.disconnect();
    // A frontend that begins anew may be here before it was seen to be Initialising.
    if (device.state === XenbusStateClosed) await this.offer();
    const transport = await openTransport(device);
    if (this.removed || this.disk === undefined) return closeTransport(device.ops, transport);
    this.connection = {transport, queue: this.makeQueue(transport, this.disk)};
    await device.publish(propertyNodes(this.disk.description, this.disk.storage));
    await device.switchState(XenbusStateConnected);
    this.connection?.queue.start();
  }

  private makeQueue(transport: Transport, {description, storage}: Disk): BlockQueue {
    const {device} = this;
    return new BlockQueue({
      ops: device.ops,
      transport,
      storage,
      limits: {
        sectors: storage.sizeBytes / SECTOR_BYTES,
        readonly: description.readonly,
        discard: offersDiscard(description, storage),
      },
      stats: this.counters,
      batches: this.batchSubject,
      name: device.path,
      maxInFlight: this.options.maxInFlight,
      onBroken: (reason) => device.enqueue(() => this.fence(reason)),
    });
  }

  /** The frontend broke the ring: it is not served any more, and others are not touched. */
  private async fence(reason: string): Promise<void> {
    await this.disconnect();
    throw new DeviceError(EIO, reason);
  }

  /** Resolves when nothing of the guest is mapped any more. What it takes is done at once where storage never waits. */
  private disconnect(): Promise<void> {
    const {connection, device} = this;
    if (connection === undefined) return Promise.resolve();
    this.connection = undefined;
    return new Promise((resolve) => {
      connection.queue.stop(() => {
        closeTransport(device.ops, connection.transport);
        resolve();
      });
    });
  }

  /** False while the block script has not run. */
  private async openDisk(): Promise<boolean> {
    const {device} = this;
    if (this.disk !== undefined) return true;
    if ((await device.read('physical-device')) === undefined) return false;
    const description = await readDescription(device);
    const storage = await this.options.open(description.target, {readonly: description.readonly});
    if (storage instanceof StorageError) throw new DeviceError(errnoOf[storage.code] ?? EIO, storage.message);
    if (this.removed) storage.close();
    else this.disk = {description, storage};
    return !this.removed;
  }

  private closeDisk(): void {
    this.disk?.storage.close();
    this.disk = undefined;
  }
}
