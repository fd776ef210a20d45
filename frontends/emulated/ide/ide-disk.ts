import {type Observable, Subject} from 'rxjs';
import {type BlockDevice, DeviceIoError} from '../../api.ts';
import {maxSectors, planTransfers, type TransferPlan, transferRequest} from './addressing.ts';
import type {IdeChannel} from './channel.ts';
import type {DiskIdentity} from './identify.ts';
import type {IdeOptions} from './options.ts';
import * as r from './registers.ts';
import type {AtaRequest} from './request.ts';
import {trimLists} from './trim.ts';

/** Longest single read or write; a guest that wants more asks again. */
const MAX_OPERATION_BYTES = 2 ** 30;

/** Where a drive is among the four. */
export interface DrivePlace {
  /** "hda" */
  readonly name: string;
  readonly virtualDevice: number;
  readonly device: 0 | 1;
}

/** An ATA disk: hda to hdd. */
export class IdeDisk implements BlockDevice {
  readonly name: string;
  readonly virtualDevice: number;
  readonly sizeBytes: number;
  readonly sectorSize = r.SECTOR_BYTES;
  /** A disk does not tell: writes to one that is protected fail with EROFS. */
  readonly readonly = false;
  readonly removable = false;
  readonly canFlush = true;
  readonly identity: DiskIdentity;
  private readonly channel: IdeChannel;
  private readonly device: 0 | 1;
  private readonly plan: TransferPlan;
  private readonly maxBytes: number;
  private readonly sizes = new Subject<number>();
  private readonly removedSubject = new Subject<never>();
  private readonly counts = {reads: 0, writes: 0, flushes: 0, discards: 0, errors: 0};

  constructor(channel: IdeChannel, place: DrivePlace, identity: DiskIdentity, options: Required<IdeOptions>) {
    this.name = place.name;
    this.virtualDevice = place.virtualDevice;
    this.device = place.device;
    this.channel = channel;
    this.identity = identity;
    this.sizeBytes = identity.sectors * r.SECTOR_BYTES;
    this.plan = planTransfers(identity, options);
    this.maxBytes = maxSectors(this.plan, options) * r.SECTOR_BYTES;
  }

  get resized(): Observable<number> {
    return this.sizes.asObservable();
  }

  get removed(): Observable<never> {
    return this.removedSubject.asObservable();
  }

  stats(): Readonly<Record<string, number>> {
    return {...this.counts, ...this.channel.stats};
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    this.checkRange(offset, length);
    const data = new Uint8Array(length);
    await this.transfer('read', offset, data);
    return data;
  }

  /** `data` must not change before the promise is settled. */
  async write(offset: number, data: Uint8Array): Promise<void> {
    this.checkRange(offset, data.length);
    await this.transfer('write', offset, data);
  }

  async flush(): Promise<void> {
    this.counts.flushes++;
    const opcode = this.identity.hasLba48 ? r.FLUSH_CACHE_EXT : r.FLUSH_CACHE;
    await this.run('flush', {device: this.device, opcode, protocol: 'no-data'});
  }

  async discard(offset: number, length: number, secure = false): Promise<void> {
    this.checkRange(offset, length);
    const {trimBlocks} = this.identity;
    if (trimBlocks === 0 || secure) throw new DeviceIoError('EOPNOTSUPP', `${this.name}: discard`);
    this.counts.discards++;
    for (const data of trimLists(offset / r.SECTOR_BYTES, length / r.SECTOR_BYTES, trimBlocks)) {
      const count = data.length / r.SECTOR_BYTES;
      const opcode = r.DATA_SET_MANAGEMENT;
      const features = r.TRIM;
      await this.run('discard', {device: this.device, opcode, protocol: 'dma-out', features, count, ext: true, data});
    }
  }

  /** The drive is not there any more. */
  close(): void {
    this.sizes.complete();
    this.removedSubject.complete();
  }

  toString(): string {
    return `${this.name} ${this.identity.model}, ${this.sizeBytes} bytes`;
  }

  /** One command after another: a channel does no more than one at a time anyway. */
  private async transfer(direction: 'read' | 'write', offset: number, data: Uint8Array): Promise<void> {
    for (let at = 0; at < data.length; at += this.maxBytes) {
      const lba = (offset + at) / r.SECTOR_BYTES;
      const piece = data.subarray(at, at + this.maxBytes);
      this.counts[direction === 'read' ? 'reads' : 'writes']++;
      await this.run(direction, transferRequest(this.plan, direction, this.device, lba, piece));
    }
  }

  private async run(what: string, request: AtaRequest): Promise<void> {
    const {status, error} = await this.channel.run(request);
    if (status === 'done') return;
    this.counts.errors++;
    const isProtected = what === 'write' && (error & r.ERROR_WP) !== 0;
    throw new DeviceIoError(isProtected ? 'EROFS' : 'EIO', `${this.name}: ${what}`);
  }

  private checkRange(offset: number, length: number): void {
    const isAligned = offset % r.SECTOR_BYTES === 0 && length % r.SECTOR_BYTES === 0;
    const isInside = offset >= 0 && length >= 0 && length <= MAX_OPERATION_BYTES && offset + length <= this.sizeBytes;
    if (!isAligned || !isInside) throw new DeviceIoError('EINVAL', `${this.name}: ${length} bytes at ${offset}`);
  }
}
