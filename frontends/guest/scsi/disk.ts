import {type Observable, Subject} from 'rxjs';
import {type BlockDevice, DeviceIoError, type ScsiUnit} from '../../api.ts';
import {modeSense6, readBlocks, readCapacity10, readCapacity16, synchronizeCache, unmap, writeBlocks} from './cdb.ts';
import {request, ScsiError} from './request.ts';
import {NOT_READY} from './sense.ts';

const CAPACITY_10_BYTES = 8;
const CAPACITY_16_BYTES = 32;
const MODE_BYTES = 192;
const ALL_PAGES = 0x3f;
const WRITE_PROTECT = 0x80;
/** READ CAPACITY (16): the unit can unmap. */
const LBPME = 0x80;

interface Medium {
  sizeBytes: number;
  sectorSize: number;
  readonly: boolean;
  canUnmap: boolean;
}

const noMedium: Medium = {sizeBytes: 0, sectorSize: 512, readonly: true, canUnmap: false};

/** A disk or a drive for discs behind SCSI commands: what Linux calls sd and sr. */
export class ScsiDisk implements BlockDevice {
  readonly name: string;
  readonly virtualDevice: number;
  readonly removable: boolean;
  readonly canFlush = true;
  readonly unit: ScsiUnit;
  private medium = noMedium;
  private readonly sizes = new Subject<number>();
  private readonly counters = {reads: 0, writes: 0, flushes: 0, discards: 0};

  constructor(name: string, deviceNumber: number, unit: ScsiUnit, removable: boolean) {
    this.name = name;
    this.virtualDevice = deviceNumber;
    this.unit = unit;
    this.removable = removable;
  }

  get sizeBytes(): number {
    return this.medium.sizeBytes;
  }

  get sectorSize(): number {
    return this.medium.sectorSize;
  }

  get readonly(): boolean {
    return this.medium.readonly;
  }

  get resized(): Observable<number> {
    return this.sizes.asObservable();
  }

  get removed(): Observable<never> {
    return this.unit.removed;
  }

  stats(): Readonly<Record<string, number>> {
    return {...this.counters};
  }

  /** Looks at the medium that is in there now. */
  async revalidate(): Promise<void> {
    const before = this.sizeBytes;
    this.medium = await this.readMedium();
    if (this.sizeBytes !== before) this.sizes.next(this.sizeBytes);
  }

  async read(offset: number, length: number): Promise<Uint8Array> {
    const data = new Uint8Array(length);
    for (const {lba, blocks, from, to} of this.parts(offset, length)) {
      this.counters.reads++;
      const reply = await request(this.unit, readBlocks(lba, blocks), {dataInBytes: to - from});
      data.set(reply.data, from);
    }
    return data;
  }

  async write(offset: number, data: Uint8Array): Promise<void> {
    if (this.readonly) throw new DeviceIoError('EROFS', `${this.name}: write`);
    for (const {lba, blocks, from, to} of this.parts(offset, data.length)) {
      this.counters.writes++;
      await request(this.unit, writeBlocks(lba, blocks), {dataOut: data.subarray(from, to)});
    }
  }

  async flush(): Promise<void> {
    this.counters.flushes++;
    await request(this.unit, synchronizeCache());
  }

  async discard(offset: number, length: number, secure = false): Promise<void> {
    if (secure || !this.medium.canUnmap) throw new DeviceIoError('EOPNOTSUPP', `${this.name}: discard`);
    this.check(offset, length);
    this.counters.discards++;
    const {cdb, parameters} = unmap(offset / this.sectorSize, length / this.sectorSize);
    await request(this.unit, cdb, {dataOut: parameters});
  }

  private check(offset: number, length: number): void {
    const {sectorSize, sizeBytes} = this;
    const aligned = offset % sectorSize === 0 && length % sectorSize === 0;
    const inside = offset >= 0 && length >= 0 && offset + length <= sizeBytes;
    if (!aligned || !inside) throw new DeviceIoError('EINVAL', `${this.name}: ${length} bytes at ${offset}`);
  }

  /** Commands that a transfer takes, each as long as the host carries. */
  private *parts(offset: number, length: number): Generator<{lba: number; blocks: number; from: number; to: number}> {
    this.check(offset, length);
    const {sectorSize} = this;
    const most = this.unit.maxTransferBytes - (this.unit.maxTransferBytes % sectorSize);
    for (let from = 0; from < length; from += most) {
      const to = Math.min(length, from + most);
      yield {lba: (offset + from) / sectorSize, blocks: (to - from) / sectorSize, from, to};
    }
  }

  private async readMedium(): Promise<Medium> {
    try {
      return {...(await this.readCapacity()), readonly: await this.isProtected()};
    } catch (error) {
      if (error instanceof ScsiError && error.sense.key === NOT_READY) return noMedium;
      throw error;
    }
  }

  /** The long form tells more, but not every device knows it. */
  private async readCapacity(): Promise<Omit<Medium, 'readonly'>> {
    const short = await request(this.unit, readCapacity10(), {dataInBytes: CAPACITY_10_BYTES});
    const last = view(short.data).getUint32(0);
    const sectorSize = view(short.data).getUint32(4);
    const long = await request(this.unit, readCapacity16(CAPACITY_16_BYTES), {dataInBytes: CAPACITY_16_BYTES}).catch(
      () => undefined,
    );
    if (long === undefined) return {sizeBytes: (last + 1) * sectorSize, sectorSize, canUnmap: false};
    const words = view(long.data);
    const blocks = words.getUint32(0) * 2 ** 32 + words.getUint32(4) + 1;
    return {sizeBytes: blocks * sectorSize, sectorSize, canUnmap: (long.data[14] & LBPME) !== 0};
  }

  private async isProtected(): Promise<boolean> {
    const reply = await request(this.unit, modeSense6(ALL_PAGES, MODE_BYTES), {dataInBytes: MODE_BYTES});
    return (reply.data[2] & WRITE_PROTECT) !== 0;
  }
}

const view = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
