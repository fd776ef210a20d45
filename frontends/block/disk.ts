import {type Observable, Subject} from 'rxjs';
import {
  BLKIF_OP_DISCARD,
  BLKIF_OP_FLUSH_DISKCACHE,
  BLKIF_OP_READ,
  BLKIF_OP_WRITE,
} from '../../hypervisor/abi/io/blkif.ts';
import {type BlockDevice, DeviceIoError} from '../api.ts';
import type {DiskProperties} from './disk-properties.ts';
import type {Lane} from './lane.ts';
import {Operation} from './operation.ts';
import {type QueueTerms, RequestQueue} from './request-queue.ts';
import type {BlockFrontStats} from './stats.ts';

/** Longest single read, write or discard; a guest that wants more asks again. */
const MAX_OPERATION_BYTES = 2 ** 30;
const NO_DATA = new Uint8Array(0);

/** A disk of the guest, from its first connection until it is taken away. Without a connection its calls wait. */
export class Disk implements BlockDevice {
  readonly name: string;
  readonly virtualDevice: number;
  private properties: DiskProperties;
  private readonly queue: RequestQueue;
  private readonly sizes = new Subject<number>();
  private readonly removedSubject = new Subject<never>();
  private gone = false;

  constructor(name: string, virtualDevice: number, properties: DiskProperties) {
    this.name = name;
    this.virtualDevice = virtualDevice;
    this.properties = properties;
    this.queue = new RequestQueue(name);
  }

  get sizeBytes(): number {
    return this.properties.sizeBytes;
  }

  get sectorSize(): number {
    return this.properties.sectorSize;
  }

  get readonly(): boolean {
    return this.properties.readonly;
  }

  get removable(): boolean {
    return this.properties.removable || this.properties.cdrom;
  }

  get canFlush(): boolean {
    return this.queue.flushOperation !== undefined;
  }

  get resized(): Observable<number> {
    return this.sizes.asObservable();
  }

  get removed(): Observable<never> {
    return this.removedSubject.asObservable();
  }

  stats(): Readonly<BlockFrontStats> {
    return {...this.queue.stats, inFlight: this.queue.inFlight};
  }

  /** What waited, or was lost with the connection before, is asked for now. */
  connect(lanes: readonly Lane[], properties: DiskProperties, terms: QueueTerms): void {
    const before = this.sizeBytes;
    this.properties = properties;
    if (before !== this.sizeBytes) this.sizes.next(this.sizeBytes);
    this.queue.connect(lanes, terms);
  }

  /** The rings have stopped. */
  disconnect(): void {
    this.queue.disconnect();
  }

  /** The backend says another size; 0: there is no medium. */
  resize(sizeBytes: number): void {
    if (sizeBytes === this.sizeBytes) return;
    this.properties = {...this.properties, sizeBytes};
    this.sizes.next(sizeBytes);
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    this.checkRange(offset, length);
    const data = new Uint8Array(length);
    if (length > 0) await this.queue.run(new Operation(BLKIF_OP_READ, offset, length, data));
    return data;
  }

  /** `data` must not change before the promise is settled. */
  async write(offset: number, data: Uint8Array): Promise<void> {
    this.checkRange(offset, data.length);
    this.checkWritable();
    if (data.length > 0) await this.queue.run(new Operation(BLKIF_OP_WRITE, offset, data.length, data));
  }

  async flush(): Promise<void> {
    this.checkPresent();
    await this.queue.run(new Operation(BLKIF_OP_FLUSH_DISKCACHE, 0, 0, NO_DATA));
  }

  /** Whole blocks of the backend's granularity inside the range; EOPNOTSUPP when it does not discard. */
  async discard(offset: number, length: number, secure = false): Promise<void> {
    this.checkRange(offset, length);
    this.checkWritable();
    const {discardGranularity: unit, discardAlignment: shift} = this.properties;
    if (unit === 0 || this.queue.unsupported.has(BLKIF_OP_DISCARD) || (secure && !this.properties.secureDiscard)) {
      throw new DeviceIoError('EOPNOTSUPP', `${this.name}: discard`);
    }
    const first = Math.max(0, Math.ceil((offset - shift) / unit)) * unit + shift;
    const end = Math.floor((offset + length - shift) / unit) * unit + shift;
    if (end > first) await this.queue.run(new Operation(BLKIF_OP_DISCARD, first, end - first, NO_DATA, secure));
  }

  /** A response came. `status` is BLKIF_RSP_*. */
  onComplete(lane: Lane, tag: number, status: number): void {
    this.queue.onComplete(lane, tag, status);
  }

  /** After the responses of an event: there is room for what waits. */
  onDrained(): void {
    this.queue.pump();
  }

  /** It is gone for good: what is not done fails with ENODEV, and so does all that follows. */
  close(): void {
    if (this.gone) return;
    this.gone = true;
    this.queue.close();
    this.sizes.complete();
    this.removedSubject.complete();
  }

  toString(): string {
    return `${this.name} ${this.sizeBytes} bytes${this.readonly ? ', read-only' : ''}, ${this.queue.length} queued`;
  }

  private checkPresent(): void {
    if (this.gone) throw new DeviceIoError('ENODEV', this.name);
  }

  private checkWritable(): void {
    if (this.readonly) throw new DeviceIoError('EROFS', `${this.name}: write`);
  }

  private checkRange(offset: number, length: number): void {
    this.checkPresent();
    const aligned = offset % this.sectorSize === 0 && length % this.sectorSize === 0;
    const inside = offset >= 0 && length >= 0 && length <= MAX_OPERATION_BYTES && offset + length <= this.sizeBytes;
    if (!aligned || !inside) throw new DeviceIoError('EINVAL', `${this.name}: ${length} bytes at ${offset}`);
  }
}
