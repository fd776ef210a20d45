import type {ImageFile} from '../image-file.ts';
import {CorruptImage} from '../io-error.ts';
import {type Table, TableCache, tableOf} from '../table-cache.ts';
import {type Qcow2Header, REFCOUNT_TABLE_FIELD} from './header.ts';
import {type RefcountWidth, refcountWidths} from './refcount-width.ts';

const ENTRY_BYTES = 8;
const CACHE_BYTES = 4 * 2 ** 20;
/** A table that has to move gets half as much again. */
const GROWTH = 1.5;
const MAX_UNWRITTEN = 65536;

/**
 * The refcounts of an image: a table of blocks of counts, one for each cluster of the file. New clusters are counted
 * before anything refers to them, and given back after nothing does; that order on the disk is writeTables()'s.
 * @see qcow2.txt, "Host cluster management"
 */
export class Refcounts {
  private readonly file: ImageFile;
  private readonly clusterBytes: number;
  private readonly width: RefcountWidth;
  /** Counts of one block. */
  private readonly perBlock: number;
  private readonly blocks: TableCache;
  /** Clusters that hold tables of the image: never free, whatever their count says. */
  private readonly tables: Set<number>;
  /** The table, whole. */
  private table: Buffer;
  private tableOffset: number;
  private tableClusters: number;
  private tableDirty = false;
  /** The table as the file has it, where it has moved since. */
  private moved: {offset: number; clusters: number} | undefined;
  private dropped: number[] = [];
  /** No free cluster lies below. */
  private firstFree = 0;
  /** Nothing is in use from here on. */
  private endCluster = 0;

  constructor(file: ImageFile, header: Qcow2Header, tables: Set<number>) {
    this.file = file;
    this.tables = tables;
    this.clusterBytes = header.clusterBytes;
    this.width = refcountWidths[header.refcountOrder];
    this.perBlock = (header.clusterBytes * 8) / this.width.bits;
    this.blocks = new TableCache(Math.ceil(CACHE_BYTES / header.clusterBytes));
    this.tableOffset = header.refcountTableOffset;
    this.tableClusters = header.refcountTableClusters;
    this.table = Buffer.alloc(0);
  }

  /** Reads the table and finds the end of what is in use. */
  async open(): Promise<void> {
    this.table = await this.file.readBytes(this.tableOffset, this.tableClusters * this.clusterBytes);
    for (let index = 0; index < this.tableEntries; index++) this.blockOffset(index);
    this.endCluster = Math.ceil(this.file.sizeBytes / this.clusterBytes);
    let last = this.tableEntries - 1;
    while (last >= 0 && this.blockOffset(last) === 0) last--;
    if (last < 0) return;
    const block = await this.load(last);
    let index = this.perBlock - 1;
    while (index >= 0 && this.width.get(block.view, index) === 0) index--;
    const counted = last * this.perBlock + index + 1;
    // A host that died may have counted clusters that it never wrote, but not that many.
    if (counted > 2 * this.endCluster + MAX_UNWRITTEN) {
      throw new CorruptImage(`cluster ${counted - 1} has a refcount, and the file has ${this.endCluster} clusters`);
    }
    this.endCluster = Math.max(this.endCluster, counted);
  }

  async get(cluster: number): Promise<number> {
    const index = Math.floor(cluster / this.perBlock);
    if (this.blockOffset(index) === 0) return 0;
    const block = this.blocks.get(index) ?? (await this.load(index));
    return this.width.get(block.view, cluster % this.perBlock);
  }

  async set(cluster: number, count: number): Promise<void> {
    if (count > this.width.max) throw new CorruptImage(`refcount ${count} of cluster ${cluster} does not fit`);
    const index = Math.floor(cluster / this.perBlock);
    if (this.blockOffset(index) === 0) await this.addBlock(index);
    const block = this.blocks.get(index) ?? (await this.load(index));
    this.width.set(block.view, cluster % this.perBlock, count);
    this.blocks.markDirty(block);
  }

  /** Takes up to `most` free clusters in a row, at least one. */
  async allocate(most: number): Promise<{cluster: number; count: number}> {
    let cluster = this.firstFree;
    while (!(await this.isFree(cluster))) cluster++;
    let count = 1;
    while (count < most && (await this.isFree(cluster + count))) count++;
    this.endCluster = Math.max(this.endCluster, cluster + count);
    // A new block may take the cluster that comes next: never one of these, which are below the end by now.
    for (let i = 0; i < count; i++) await this.set(cluster + i, 1);
    this.firstFree = cluster + count;
    return {cluster, count};
  }

  /** One reference less. */
  async release(cluster: number): Promise<void> {
    const count = await this.get(cluster);
    if (count === 0) throw new CorruptImage(`cluster ${cluster} is given back and has a refcount of 0`);
    await this.set(cluster, count - 1);
    if (count === 1) this.firstFree = Math.min(this.firstFree, cluster);
  }

  /** Nothing in memory refers to a cluster any more; the file may, until the tables are written. */
  drop(cluster: number): void {
    this.dropped.push(cluster);
  }

  get hasDropped(): boolean {
    return this.dropped.length > 0;
  }

  /** Nothing in the file refers to the clusters that were dropped. */
  async releaseDropped(): Promise<void> {
    const {dropped} = this;
    this.dropped = [];
    for (const cluster of dropped) {
      this.tables.delete(cluster);
      await this.release(cluster);
    }
  }

  /** New clusters come from the end of the file only, as long as the counts are not to be relied on. */
  avoidHoles(): void {
    this.firstFree = this.endCluster;
  }

  get dirty(): boolean {
    return this.blocks.hasDirty || this.tableDirty;
  }

  get crowded(): boolean {
    return this.blocks.crowded;
  }

  /** Clusters that the table and its blocks take, for who counts references. */
  *ownClusters(): Generator<number> {
    for (let i = 0; i < this.tableClusters; i++) yield this.tableOffset / this.clusterBytes + i;
    for (let index = 0; index < this.tableEntries; index++) {
      const offset = this.blockOffset(index);
      if (offset !== 0) yield offset / this.clusterBytes;
    }
  }

  /** Clusters from the first on that may have a count other than 0. */
  get countedClusters(): number {
    return this.endCluster;
  }

  /** Blocks first, then what refers to them: the table, then, if it has moved, the header. */
  async write(): Promise<void> {
    for (const block of this.blocks.dirtyTables()) {
      await this.file.writeBytes(this.blockOffset(block.key), block.bytes);
      this.blocks.markClean(block);
    }
    if (!this.tableDirty) return;
    await this.file.sync();
    await this.file.writeBytes(this.tableOffset, this.table);
    this.tableDirty = false;
    if (this.moved === undefined) return;
    await this.switchTable(this.moved);
    await this.write();
  }

  private async switchTable(old: {offset: number; clusters: number}): Promise<void> {
    await this.file.sync();
    const fields = Buffer.alloc(12);
    fields.writeUInt32BE(Math.floor(this.tableOffset / 2 ** 32), 0);
    fields.writeUInt32BE(this.tableOffset >>> 0, 4);
    fields.writeUInt32BE(this.tableClusters, 8);
    await this.file.writeBytes(REFCOUNT_TABLE_FIELD, fields);
    await this.file.sync();
    this.moved = undefined;
    await this.releaseTable(old);
  }

  private get tableEntries(): number {
    return this.table.length / ENTRY_BYTES;
  }

  /** Where a block lies; 0 for one that is not there: all of its counts are 0. */
  private blockOffset(index: number): number {
    if (index >= this.tableEntries) return 0;
    const at = index * ENTRY_BYTES;
    const offset = this.table.readUInt32BE(at) * 2 ** 32 + ((this.table.readUInt32BE(at + 4) & ~0x1ff) >>> 0);
    if (offset % this.clusterBytes === 0 && (offset < this.file.sizeBytes || this.tableDirty)) return offset;
    throw new CorruptImage(
      `entry ${index} of the refcount table, at ${this.tableOffset + at}: ${offset} is not a cluster of the file`,
    );
  }

  private async load(index: number): Promise<Table> {
    const bytes = await this.file.readBytes(this.blockOffset(index), this.clusterBytes);
    return this.blocks.get(index) ?? this.blocks.add(tableOf(index, bytes));
  }

  private async isFree(cluster: number): Promise<boolean> {
    if (cluster >= this.endCluster) return true;
    if ((await this.get(cluster)) > 0) return false;
    if (this.tables.has(cluster)) throw new CorruptImage(`a table is in cluster ${cluster}, which has a refcount of 0`);
    return true;
  }

  /** A block for counts that had none. It takes a cluster at the end, whose own count may be in it. */
  private async addBlock(index: number): Promise<void> {
    if (index >= this.tableEntries) await this.growTable(index + 1);
    // The new table's own clusters may have asked for it already.
    if (this.blockOffset(index) !== 0) return;
    const cluster = this.endCluster++;
    const offset = cluster * this.clusterBytes;
    this.tables.add(cluster);
    this.tableDirty = true;
    this.table.writeUInt32BE(Math.floor(offset / 2 ** 32), index * ENTRY_BYTES);
    this.table.writeUInt32BE(offset >>> 0, index * ENTRY_BYTES + 4);
    const block = this.blocks.add(tableOf(index, Buffer.alloc(this.clusterBytes)));
    this.blocks.markDirty(block);
    await this.set(cluster, 1);
  }

  private async growTable(entries: number): Promise<void> {
    const perCluster = this.clusterBytes / ENTRY_BYTES;
    const clusters = Math.max(this.tableClusters + 1, Math.ceil((entries * GROWTH) / perCluster));
    const first = this.endCluster;
    this.endCluster += clusters;
    const superseded = this.moved === undefined ? undefined : {offset: this.tableOffset, clusters: this.tableClusters};
    this.moved ??= {offset: this.tableOffset, clusters: this.tableClusters};
    this.table = Buffer.concat([this.table], clusters * this.clusterBytes);
    this.tableOffset = first * this.clusterBytes;
    this.tableClusters = clusters;
    this.tableDirty = true;
    for (let i = 0; i < clusters; i++) {
      this.tables.add(first + i);
      await this.set(first + i, 1);
    }
    if (superseded !== undefined) await this.releaseTable(superseded);
  }

  private async releaseTable({offset, clusters}: {offset: number; clusters: number}): Promise<void> {
    const first = offset / this.clusterBytes;
    for (let cluster = first; cluster < first + clusters; cluster++) {
      this.tables.delete(cluster);
      await this.release(cluster);
    }
  }
}
