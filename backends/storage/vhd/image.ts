import {CorruptImage} from '../io-error.ts';
import {type IoVector, slice, vectorOf} from '../io-vector.ts';
import {type MappedOptions, MappedImage, NOT_LOADED, UNALLOCATED} from '../mapped-image.ts';
import {type Table, TableCache, tableOf} from '../table-cache.ts';
import {BAT_UNUSED, FOOTER_BYTES, isFooter, SECTOR_BYTES, type VhdFooter, type VhdHeader} from './layout.ts';

const BITMAP_CACHE_BYTES = 4 * 2 ** 20;
const CLEAR_STEP_BYTES = 2 ** 20;

export interface VhdOptions extends MappedOptions {
  footer: VhdFooter;
  header: VhdHeader;
}

/**
 * A dynamic or differencing VHD image: blocks that the block allocation table (BAT) names, each behind a bitmap of its
 * sectors that are in it. The others are the parent's, or zeroes.
 */
export class VhdImage extends MappedImage {
  readonly sizeBytes: number;
  /** A block cannot be given back. */
  readonly discardGranularity = 0;
  private readonly footer: VhdFooter;
  private readonly batOffset: number;
  private readonly batEntries: number;
  private readonly blockBytes: number;
  private readonly bitmapBytes: number;
  /** By block. */
  private readonly bitmaps: TableCache;
  private bat!: DataView;
  /** Changed entries of the BAT: from, and up to. */
  private batFrom = Infinity;
  private batTo = 0;
  /** Where the next block goes: the footer's place. */
  private end = 0;

  constructor(options: VhdOptions) {
    super(options);
    const {footer, header} = options;
    this.footer = footer;
    this.sizeBytes = footer.sizeBytes;
    this.batOffset = header.batOffset;
    this.batEntries = header.batEntries;
    this.blockBytes = header.blockBytes;
    this.bitmapBytes = Math.ceil(header.blockBytes / SECTOR_BYTES / 8 / SECTOR_BYTES) * SECTOR_BYTES;
    this.bitmaps = new TableCache(Math.ceil(BITMAP_CACHE_BYTES / this.bitmapBytes));
  }

  /** Reads the BAT and looks at it. @throws CorruptImage */
  async open(): Promise<void> {
    const bytes = await this.file.readBytes(this.batOffset, this.batEntries * 4);
    this.bat = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const headEnd = Math.max(this.footer.headerOffset + 1024, this.batOffset + this.batEntries * 4, FOOTER_BYTES);
    this.end = Math.ceil(headEnd / SECTOR_BYTES) * SECTOR_BYTES;
    this.checkBat(headEnd);
    if (!this.readonly) await this.restoreFooter();
  }

  override toString(): string {
    const backing = this.backing === undefined ? '' : `, on ${String(this.backing)}`;
    return `${String(this.file)}, vhd ${this.footer.type}, ${this.sizeBytes} bytes${backing}`;
  }

  protected find(position: number, length: number): number {
    const {blockBytes} = this;
    const block = Math.floor(position / blockBytes);
    const within = position - block * blockBytes;
    const most = Math.min(length, blockBytes - within);
    this.run = most;
    const sector = this.bat.getUint32(block * 4);
    if (sector === BAT_UNUSED) return UNALLOCATED;
    const bitmap = this.bitmaps.get(block);
    if (bitmap === undefined) return NOT_LOADED;
    const first = within / SECTOR_BYTES;
    const here = hasSector(bitmap.bytes, first);
    this.run = sameSectors(bitmap.bytes, first, most / SECTOR_BYTES, here) * SECTOR_BYTES;
    return here ? sector * SECTOR_BYTES + this.bitmapBytes + within : UNALLOCATED;
  }

  protected findWritable(position: number, length: number): number {
    return this.find(position, length);
  }

  protected async load(position: number): Promise<void> {
    await this.loadBitmap(Math.floor(position / this.blockBytes));
  }

  protected readCompressed(): Promise<void> {
    throw new Error('nothing in a VHD image is compressed');
  }

  protected async writeAnew(vector: IoVector, position: number): Promise<void> {
    for (let done = 0; done < vector.lengthBytes;) {
      const at = position + done;
      const block = Math.floor(at / this.blockBytes);
      const within = at - block * this.blockBytes;
      const length = Math.min(vector.lengthBytes - done, this.blockBytes - within);
      await this.writeBlock(slice(vector, done, length), block, within);
      done += length;
    }
    if (this.bitmaps.crowded) await this.writeTables();
  }

  protected async clear(position: number, length: number): Promise<number> {
    const step = Math.min(length, CLEAR_STEP_BYTES);
    const old = Buffer.allocUnsafe(step);
    await this.readOld(vectorOf(old), position);
    if (old.some((byte) => byte !== 0)) await this.writeAnew(vectorOf(old.fill(0)), position);
    return step;
  }

  protected get tablesDirty(): boolean {
    return this.bitmaps.hasDirty || this.batTo > 0;
  }

  /** The data, then the bitmaps that say it is there, then the BAT that names the block. */
  protected async writeTables(): Promise<void> {
    await this.file.sync();
    for (const bitmap of this.bitmaps.dirtyTables()) {
      await this.file.writeBytes(this.bat.getUint32(bitmap.key * 4) * SECTOR_BYTES, bitmap.bytes);
      this.bitmaps.markClean(bitmap);
    }
    if (this.batTo === 0) return;
    await this.file.sync();
    const {batFrom, batTo} = this;
    const entries = new Uint8Array(this.bat.buffer, this.bat.byteOffset + batFrom * 4, (batTo - batFrom) * 4);
    await this.file.writeBytes(this.batOffset + batFrom * 4, entries);
    this.batFrom = Infinity;
    this.batTo = 0;
  }

  protected async finish(): Promise<void> {
    if (!this.tablesDirty) return;
    await this.writeTables();
    await this.file.sync();
  }

  private async writeBlock(vector: IoVector, block: number, within: number): Promise<void> {
    if (this.bat.getUint32(block * 4) === BAT_UNUSED) await this.addBlock(block);
    const bitmap = await this.keptBitmap(block);
    const host = this.bat.getUint32(block * 4) * SECTOR_BYTES + this.bitmapBytes + within;
    await this.file.writeVector(vector, host);
    setSectors(bitmap.bytes, within / SECTOR_BYTES, vector.lengthBytes / SECTOR_BYTES);
  }

  /** A block takes the place of the footer, which is written behind it before. */
  private async addBlock(block: number): Promise<void> {
    const {end, file} = this;
    const next = end + this.bitmapBytes + this.blockBytes;
    await file.writeBytes(next, this.footer.bytes);
    // Without a parent all of it is in use at once, as zeroes: nobody has to look at the bitmap then.
    const bitmap = Buffer.alloc(this.bitmapBytes, this.backing === undefined ? 0xff : 0);
    await file.writeBytes(end, bitmap);
    this.end = next;
    this.bitmaps.add(tableOf(block, bitmap));
    this.bat.setUint32(block * 4, end / SECTOR_BYTES);
    this.batFrom = Math.min(this.batFrom, block);
    this.batTo = Math.max(this.batTo, block + 1);
  }

  private async loadBitmap(block: number): Promise<Table> {
    const known = this.bitmaps.get(block);
    if (known !== undefined) return known;
    const bytes = await this.file.readBytes(this.bat.getUint32(block * 4) * SECTOR_BYTES, this.bitmapBytes);
    return this.bitmaps.get(block) ?? this.bitmaps.add(tableOf(block, bytes));
  }

  private async keptBitmap(block: number): Promise<Table> {
    for (;;) {
      const bitmap = await this.loadBitmap(block);
      if (this.bitmaps.get(block) !== bitmap) continue;
      this.bitmaps.markDirty(bitmap);
      return bitmap;
    }
  }

  /** Blocks are in the file, behind the tables, and none is named twice. */
  private checkBat(headEnd: number): void {
    const size = this.bitmapBytes + this.blockBytes;
    const used: number[] = [];
    for (let block = 0; block < this.batEntries; block++) {
      const sector = this.bat.getUint32(block * 4);
      if (sector === BAT_UNUSED) continue;
      const at = sector * SECTOR_BYTES;
      const where = `entry ${block} of the block allocation table, at ${this.batOffset + block * 4}, names byte ${at}`;
      if (at + size > this.file.sizeBytes)
        throw new CorruptImage(`truncated: ${where}, the file ends at ${this.file.sizeBytes}`);
      if (at < headEnd) throw new CorruptImage(`${where}, where a table of the image is`);
      used.push(at);
      this.end = Math.max(this.end, at + size);
    }
    used.sort((a, b) => a - b);
    for (let i = 1; i < used.length; i++) {
      if (used[i] - used[i - 1] < size) throw new CorruptImage(`two blocks overlap at byte ${used[i]}`);
    }
  }

  /** A host that died while it added a block may have left the file without one. */
  private async restoreFooter(): Promise<void> {
    const bytes = await this.file.readBytes(Math.max(0, this.file.sizeBytes - FOOTER_BYTES), FOOTER_BYTES);
    if (!isFooter(bytes)) await this.file.writeBytes(this.end, this.footer.bytes);
  }
}

/** Bits of a bitmap: the first sector is the highest bit of the first byte. */
const hasSector = (bitmap: Buffer, sector: number): boolean => (bitmap[sector >>> 3] & (0x80 >>> (sector & 7))) !== 0;

const setSectors = (bitmap: Buffer, first: number, count: number): void => {
  for (let sector = first; sector < first + count; sector++) bitmap[sector >>> 3] |= 0x80 >>> (sector & 7);
};

/** Sectors from `first` on, at most `most`, that are all there, or all not. */
const sameSectors = (bitmap: Buffer, first: number, most: number, there: boolean): number => {
  const all = there ? 0xff : 0;
  let count = 1;
  while (count < most) {
    const sector = first + count;
    if ((sector & 7) === 0 && bitmap[sector >>> 3] === all) count += 8;
    else if (hasSector(bitmap, sector) === there) count++;
    else break;
  }
  return Math.min(count, most);
};
