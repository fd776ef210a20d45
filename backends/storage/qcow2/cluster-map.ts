import type {ImageFile} from '../image-file.ts';
import {CorruptImage} from '../io-error.ts';
import {COMPRESSED, NOT_LOADED, UNALLOCATED, ZERO} from '../mapped-image.ts';
import {type Table, TableCache, tableOf} from '../table-cache.ts';
import {
  compressedRange,
  ENTRY_BYTES,
  hasReserved,
  isCompressed,
  isCopied,
  isEmpty,
  isZero,
  offsetOf,
  setOffset,
} from './entry.ts';
import type {Qcow2Header} from './header.ts';
import type {Refcounts} from './refcounts.ts';

const L2_CACHE_BYTES = 16 * 2 ** 20;
/** L2 tables that are looked through when an image is opened; the others when they are first used. */
const CHECKED_AT_OPEN = 64;

/**
 * Which cluster of the file holds which one of the disk: the L1 table, whole, and the L2 tables that were used lately.
 * @see qcow2.txt, "Cluster mapping"
 */
export class ClusterMap {
  /** Bytes of the stretch that look() found. */
  run = 0;
  /** Entries of an L2 table. */
  readonly perTable: number;
  private readonly file: ImageFile;
  private readonly header: Qcow2Header;
  private readonly clusterBytes: number;
  private readonly refcounts: Refcounts;
  /** Clusters that hold tables: no guest may write there, whatever an L2 entry says. */
  private readonly tables: Set<number>;
  /** By index in the L1 table. */
  private readonly l2: TableCache;
  private l1: Table = tableOf(0, Buffer.alloc(0));
  /** Changed entries of the L1 table: from, and up to. */
  private l1From = Infinity;
  private l1To = 0;

  constructor(file: ImageFile, header: Qcow2Header, refcounts: Refcounts, tables: Set<number>) {
    this.file = file;
    this.header = header;
    this.clusterBytes = header.clusterBytes;
    this.perTable = header.clusterBytes / ENTRY_BYTES;
    this.refcounts = refcounts;
    this.tables = tables;
    this.l2 = new TableCache(Math.ceil(L2_CACHE_BYTES / header.clusterBytes));
  }

  /** Reads the L1 table, and looks at the first L2 tables. @throws CorruptImage */
  async open(): Promise<void> {
    const {l1Entries, l1Offset} = this.header;
    this.l1 = tableOf(0, await this.file.readBytes(l1Offset, l1Entries * ENTRY_BYTES));
    for (let index = 0; index < l1Entries; index++) this.checkL1(index);
    this.noteTables();
    for (let index = 0, seen = 0; index < l1Entries && seen < CHECKED_AT_OPEN; index++) {
      if (!this.has(index)) continue;
      await this.load(index);
      seen++;
    }
  }

  /** Whether there is an L2 table for an entry of the L1 table. */
  has(l1Index: number): boolean {
    return offsetOf(this.l1, l1Index) !== 0;
  }

  get dirty(): boolean {
    return this.l2.hasDirty || this.l1To > 0;
  }

  get crowded(): boolean {
    return this.l2.crowded;
  }

  /**
   * Where in the file the stretch of the disk from `position` on lies, or what it is instead; sets `run`. `forWrite`:
   * what may not be written in place is as if it were not allocated.
   */
  look(position: number, length: number, forWrite: boolean): number {
    const {clusterBytes, perTable} = this;
    const cluster = Math.floor(position / clusterBytes);
    const l1Index = Math.floor(cluster / perTable);
    const index = cluster - l1Index * perTable;
    const within = position - cluster * clusterBytes;
    const table = this.l2.get(l1Index);
    if (table === undefined) {
      this.run = Math.min(length, (perTable - index) * clusterBytes - within);
      return this.has(l1Index) ? NOT_LOADED : UNALLOCATED;
    }
    if (forWrite && !isCopied(this.l1, l1Index)) return UNALLOCATED;
    const host = this.place(table, index, forWrite);
    // Compressed clusters one by one; any others as long as they go on as they began.
    const most = host === COMPRESSED ? 1 : Math.ceil((within + length) / clusterBytes);
    const entries = Math.min(perTable - index, most);
    let count = 1;
    while (count < entries) {
      const next = this.place(table, index + count, forWrite);
      if (next !== (host < 0 ? host : host + count * clusterBytes)) break;
      count++;
    }
    this.run = Math.min(length, count * clusterBytes - within);
    return host < 0 ? host : host + within;
  }

  /** Where the cluster of an L2 entry lies. */
  place(table: Table, index: number, forWrite: boolean): number {
    if (isCompressed(table, index)) return COMPRESSED;
    if (isZero(table, index)) return ZERO;
    const offset = offsetOf(table, index);
    return offset === 0 || (forWrite && !isCopied(table, index)) ? UNALLOCATED : offset;
  }

  /** An L2 table that there is. */
  async load(l1Index: number): Promise<Table> {
    const known = this.l2.get(l1Index);
    if (known !== undefined) return known;
    const offset = offsetOf(this.l1, l1Index);
    const table = tableOf(l1Index, await this.file.readBytes(offset, this.clusterBytes));
    // Another reader may have been quicker, and a writer may have changed it since.
    const other = this.l2.get(l1Index);
    if (other !== undefined) return other;
    for (let index = 0; index < this.perTable; index++) this.checkL2(table, index, offset);
    return this.l2.add(table);
  }

  /** An L2 table to be changed: in a cluster that is this image's alone, and in memory until it is written. */
  async own(l1Index: number): Promise<Table> {
    const old = offsetOf(this.l1, l1Index);
    if (old !== 0 && isCopied(this.l1, l1Index)) return this.keep(l1Index);
    const {cluster} = await this.refcounts.allocate(1);
    const table = old === 0 ? this.l2.add(tableOf(l1Index, Buffer.alloc(this.clusterBytes))) : await this.keep(l1Index);
    this.l2.markDirty(table);
    this.tables.add(cluster);
    setOffset(this.l1, l1Index, cluster * this.clusterBytes);
    this.l1From = Math.min(this.l1From, l1Index);
    this.l1To = Math.max(this.l1To, l1Index + 1);
    // An internal snapshot goes on using the old one.
    if (old !== 0) this.refcounts.drop(old / this.clusterBytes);
    return table;
  }

  /** Writes changed L2 tables, then the entries that name them. */
  async write(): Promise<void> {
    for (const table of this.l2.dirtyTables()) {
      await this.file.writeBytes(offsetOf(this.l1, table.key), table.bytes);
      this.l2.markClean(table);
    }
    const {l1From, l1To} = this;
    if (l1To === 0) return;
    await this.file.sync();
    const bytes = this.l1.bytes.subarray(l1From * ENTRY_BYTES, l1To * ENTRY_BYTES);
    await this.file.writeBytes(this.header.l1Offset + l1From * ENTRY_BYTES, bytes);
    this.l1From = Infinity;
    this.l1To = 0;
  }

  private async keep(l1Index: number): Promise<Table> {
    for (;;) {
      const table = await this.load(l1Index);
      // It may have had to go again before this went on.
      if (this.l2.get(l1Index) !== table) continue;
      this.l2.markDirty(table);
      return table;
    }
  }

  private noteTables(): void {
    const {l1Entries, l1Offset} = this.header;
    this.tables.add(0);
    for (const cluster of this.refcounts.ownClusters()) this.tables.add(cluster);
    const l1Clusters = Math.ceil((l1Entries * ENTRY_BYTES) / this.clusterBytes);
    for (let i = 0; i < l1Clusters; i++) this.tables.add(l1Offset / this.clusterBytes + i);
    for (let index = 0; index < l1Entries; index++) {
      if (this.has(index)) this.tables.add(offsetOf(this.l1, index) / this.clusterBytes);
    }
  }

  private checkL1(index: number): void {
    const where = `entry ${index} of the L1 table, at ${this.header.l1Offset + index * ENTRY_BYTES},`;
    if (hasReserved(this.l1, index, false) || isCompressed(this.l1, index)) {
      throw new CorruptImage(`${where} has reserved bits set`);
    }
    this.checkOffset(offsetOf(this.l1, index), this.clusterBytes, where);
  }

  private checkL2(table: Table, index: number, tableOffset: number): void {
    if (isEmpty(table, index)) return;
    const where = `entry ${index} of the L2 table at ${tableOffset}`;
    if (isCompressed(table, index)) {
      const {offset} = compressedRange(table, index, this.header.clusterBits);
      if (offset >= this.file.sizeBytes) throw new CorruptImage(this.beyond(where, offset));
      return;
    }
    if (hasReserved(table, index, this.header.version === 3)) throw new CorruptImage(`${where} has reserved bits set`);
    const offset = offsetOf(table, index);
    this.checkOffset(offset, 1, where);
    if (offset !== 0 && this.tables.has(offset / this.clusterBytes)) {
      throw new CorruptImage(`${where} names byte ${offset}, where a table of the image is`);
    }
  }

  private checkOffset(offset: number, length: number, where: string): void {
    if (offset === 0) return;
    if (offset % this.clusterBytes !== 0)
      throw new CorruptImage(`${where} names byte ${offset}, which begins no cluster`);
    if (offset + length > this.file.sizeBytes) throw new CorruptImage(this.beyond(where, offset));
  }

  private beyond(where: string, offset: number): string {
    return `truncated: ${where} names byte ${offset}, the file ends at ${this.file.sizeBytes}`;
  }
}
