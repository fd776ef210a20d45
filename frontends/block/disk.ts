import {type Observable, Subject} from 'rxjs';
import {
  BLKIF_OP_DISCARD,
  BLKIF_OP_FLUSH_DISKCACHE,
  BLKIF_OP_READ,
  BLKIF_OP_WRITE,
} from '../../hypervisor/abi/io/blkif.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {type BlockDevice, DeviceIoError} from '../api.ts';
import type {DiskProperties} from './disk-properties.ts';
import {Operation} from './operation.ts';
import {RequestQueue} from './request-queue.ts';
import type {BlockRing} from './ring.ts';
import type {BlockFrontStats} from './stats.ts';

/** Longest single read, write or discard; a guest that wants more asks again. */
const MAX_OPERATION_BYTES = 2 ** 30;
const NO_DATA = new Uint8Array(0);

/** A disk of the guest while its backend is connected. */
export class Disk implements BlockDevice {
  readonly name: string;
  readonly virtualDevice: number;
  private readonly properties: DiskProperties;
  private readonly ring: BlockRing;
  private readonly queue: RequestQueue;
  private readonly removedSubject = new Subject<never>();
  private gone = false;

  constructor(options: {
    name: string;
    virtualDevice: number;
    properties: DiskProperties;
    ops: HypervisorOps;
    ring: BlockRing;
  }) {
    this.name = options.name;
    this.virtualDevice = options.virtualDevice;
    this.properties = options.properties;
    this.ring = options.ring;
    this.queue = new RequestQueue(options.name, options.ops, options.ring);
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

  get removed(): Observable<never> {
    return this.removedSubject.asObservable();
  }

  stats(): Readonly<BlockFrontStats> {
    return {...this.queue.stats, inFlight: this.ring.inFlight};
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

  /** Writes that were called for before are stable after it. A backend that cannot flush has nothing to be flushed. */
  async flush(): Promise<void> {
    this.checkPresent();
    if (!this.properties.flush || this.queue.unsupported.has(BLKIF_OP_FLUSH_DISKCACHE)) return;
    await this.queue.run(new Operation(BLKIF_OP_FLUSH_DISKCACHE, 0, 0, NO_DATA));
  }

  /** Whole blocks of the backend's granularity inside the range; EOPNOTSUPP when it does not discard. */
  async discard(offset: number, length: number): Promise<void> {
    this.checkRange(offset, length);
    this.checkWritable();
    const {discardGranularity: unit, discardAlignment: shift} = this.properties;
    if (unit === 0 || this.queue.unsupported.has(BLKIF_OP_DISCARD)) {
      throw new DeviceIoError('EOPNOTSUPP', `${this.name}: discard`);
    }
    const first = Math.max(0, Math.ceil((offset - shift) / unit)) * unit + shift;
    const end = Math.floor((offset + length - shift) / unit) * unit + shift;
    if (end > first) await this.queue.run(new Operation(BLKIF_OP_DISCARD, first, end - first, NO_DATA));
  }

  /** A response came. `status` is BLKIF_RSP_*. */
  onComplete(tag: number, status: number): void {
    this.queue.onComplete(tag, status);
  }

  /** After the responses of an event: there is room for what waits. */
  onDrained(): void {
    this.queue.pump();
  }

  /** The ring has stopped: what is not done fails with ENODEV, and so does all that follows. */
  close(): void {
    if (this.gone) return;
    this.gone = true;
    this.queue.close();
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
