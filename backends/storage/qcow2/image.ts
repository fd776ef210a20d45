import {CorruptImage} from '../io-error.ts';
import {type IoVector, scatter, slice, vectorOf} from '../io-vector.ts';
import {COMPRESSED, type MappedOptions, MappedImage, NOT_LOADED, UNALLOCATED, ZERO} from '../mapped-image.ts';
import {type Table, TableCache} from '../table-cache.ts';
import {decompress} from './compressed.ts';
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
  setUnallocated,
  setZero,
} from './entry.ts';
import {AUTOCLEAR_FIELD, INCOMPAT_DIRTY, INCOMPATIBLE_FIELD, type Qcow2Header} from './header.ts';
import {Refcounts} from './refcounts.ts';

const L2_CACHE_BYTES = 16 * 2 ** 20;
/** Clusters that one write takes at once: their L2 entries change together. */
const MAX_STRETCH_BYTES = 4 * 2 ** 20;
const MAX_EDGE_BYTES = 2 ** 20;
/** What is looked through when an image is opened; the rest when it is first used. */
const CHECKED_AT_OPEN_BYTES = 4 * 2 ** 20;

/**
 * A qcow2 image, version 2 or 3. Data is written before the L2 entry that names it, new clusters are counted before
 * they are referred to and given back after they are not, with a flush of the file between each two: whatever moment
 * the host dies at, nothing is lost that was there at the last flush, and at worst clusters are leaked.
 * @see qcow2.txt
 */
export class Qcow2Image extends MappedImage {
  readonly sizeBytes: number;
  readonly discardGranularity: number;
  private readonly header: Qcow2Header;
  private readonly clusterBytes: number;
  /** Entries of an L2 table. */
  private readonly perTable: number;
  private readonly refcounts: Refcounts;
  /** By index in the L1 table. */
  private readonly l2: TableCache;
  private l1!: Table;
  /** Changed entries of the L1 table: from, and up to. */
  private l1From = Infinity;
  private l1To = 0;
  /** Clusters that hold tables: no guest may write there, whatever an L2 entry says. */
  private readonly metadata = new Set<number>();
  /** Clusters that nothing in memory refers to any more, but the file may: given back once it does not. */
  private dropped: number[] = [];
  private markedDirty = false;
  private lastCompressed: {offset: number; bytes: Uint8Array} | undefined;

  constructor(header: Qcow2Header, options: MappedOptions) {
    super(options);
    this.header = header;
    this.sizeBytes = header.sizeBytes;
    this.clusterBytes = header.clusterBytes;
    this.discardGranularity = header.clusterBytes;
    this.perTable = header.clusterBytes / ENTRY_BYTES;
    this.l2 = new TableCache(Math.ceil(L2_CACHE_BYTES / header.clusterBytes));
    this.refcounts = new Refcounts(options.file, header, this.metadata);
  }

  /** Reads what is always in memory, and looks at the first tables. @throws CorruptImage */
  async open(): Promise<void> {
    const {l1Entries, l1Offset} = this.header;
    const bytes = await this.file.readBytes(l1Offset, l1Entries * ENTRY_BYTES);
    this.l1 = {
      key: 0,
      bytes,
      view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length),
      dirty: false,
      used: true,
    };
    for (let index = 0; index < l1Entries; index++) this.checkL1(index);
    await this.refcounts.open();
    this.noteMetadata();
    const tables = CHECKED_AT_OPEN_BYTES / this.clusterBytes;
    for (let index = 0, seen = 0; index < l1Entries && seen < tables; index++) {
      if (offsetOf(this.l1, index) === 0) continue;
      await this.loadTable(index);
      seen++;
    }
    if (!this.readonly && this.header.hasAutoclear) await this.file.writeBytes(AUTOCLEAR_FIELD, Buffer.alloc(8));
  }

  override toString(): string {
    const {version, clusterBytes} = this.header;
    const backing = this.backing === undefined ? '' : `, on ${String(this.backing)}`;
    return `${String(this.file)}, qcow2 v${version}, clusters of ${clusterBytes}, ${this.sizeBytes} bytes${backing}`;
  }

  protected find(position: number, length: number): number {
    return this.look(position, length, false);
  }

  protected findWritable(position: number, length: number): number {
    return this.look(position, length, true);
  }

  protected async load(position: number): Promise<void> {
    await this.loadTable(Math.floor(position / (this.perTable * this.clusterBytes)));
  }

  protected async readCompressed(vector: IoVector, position: number): Promise<void> {
    const {clusterBytes} = this;
    const cluster = Math.floor(position / clusterBytes);
    const table = await this.loadTable(Math.floor(cluster / this.perTable));
    const {offset, length} = compressedRange(table, cluster % this.perTable, this.header.clusterBits);
    const bytes = await this.decompressed(offset, length);
    const from = position - cluster * clusterBytes;
    scatter(bytes.subarray(from, from + vector.lengthBytes), vector);
  }

  protected async writeAnew(vector: IoVector, position: number): Promise<void> {
    for (let done = 0; done < vector.lengthBytes;) done += await this.writeStretch(vector, done, position + done);
    if (this.l2.crowded || this.refcounts.crowded) await this.writeTables();
    if (this.refcounts.crowded) await this.refcounts.write();
  }

  protected async clear(position: number, length: number): Promise<number> {
    const {clusterBytes} = this;
    const within = position % clusterBytes;
    const toEnd = position + length >= this.sizeBytes;
    const whole = toEnd ? Math.ceil(length / clusterBytes) : Math.floor(length / clusterBytes);
    const mustWrite = this.header.version === 2 && this.backing !== undefined;
    if (within > 0 || whole === 0 || mustWrite) {
      return this.writeZeroes(position, Math.min(length, clusterBytes - within, MAX_EDGE_BYTES));
    }
    const cluster = position / clusterBytes;
    const index = cluster % this.perTable;
    const clusters = Math.min(whole, this.perTable - index);
    await this.clearClusters(Math.floor(cluster / this.perTable), index, clusters);
    return Math.min(length, clusters * clusterBytes);
  }

  protected get tablesDirty(): boolean {
    const counts = this.refcounts.dirty && !this.header.lazyRefcounts;
    return this.l2.hasDirty || this.l1To > 0 || this.dropped.length > 0 || counts;
  }

  protected async writeTables(): Promise<void> {
    if (this.header.lazyRefcounts) await this.markDirty();
    else await this.refcounts.write();
    // The data, and the counts of its clusters, before what refers to them.
    await this.file.sync();
    for (const table of this.l2.dirtyTables()) {
      await this.file.writeBytes(offsetOf(this.l1, table.key), table.bytes);
      this.l2.markClean(table);
    }
    await this.writeL1();
    if (this.dropped.length > 0 && this.quiet) await this.giveBack();
  }

  protected async finish(): Promise<void> {
    if (!this.tablesDirty && !this.refcounts.dirty && !this.markedDirty) return;
    await this.writeTables();
    await this.refcounts.write();
    await this.file.sync();
    if (!this.markedDirty) return;
    await this.writeIncompatible(this.header.incompatible & ~INCOMPAT_DIRTY);
    await this.file.sync();
  }

  private look(position: number, length: number, forWrite: boolean): number {
    const {clusterBytes, perTable} = this;
    const cluster = Math.floor(position / clusterBytes);
    const l1Index = Math.floor(cluster / perTable);
    const index = cluster - l1Index * perTable;
    const within = position - cluster * clusterBytes;
    const table = this.l2.get(l1Index);
    if (table === undefined) {
      this.run = Math.min(length, (perTable - index) * clusterBytes - within);
      return offsetOf(this.l1, l1Index) === 0 ? UNALLOCATED : NOT_LOADED;
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
  private place(table: Table, index: number, forWrite: boolean): number {
    if (isCompressed(table, index)) return COMPRESSED;
    if (isZero(table, index)) return ZERO;
    const offset = offsetOf(table, index);
    return offset === 0 || (forWrite && !isCopied(table, index)) ? UNALLOCATED : offset;
  }

  private async loadTable(l1Index: number): Promise<Table> {
    const known = this.l2.get(l1Index);
    if (known !== undefined) return known;
    const offset = offsetOf(this.l1, l1Index);
    const bytes = await this.file.readBytes(offset, this.clusterBytes);
    // Another reader may have been quicker, and a writer may have changed it since.
    const other = this.l2.get(l1Index);
    if (other !== undefined) return other;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const table = {key: l1Index, bytes, view, dirty: false, used: true};
    for (let index = 0; index < this.perTable; index++) this.checkL2(table, index, offset);
    return this.l2.add(l1Index, bytes);
  }

  /** The L2 table in a cluster that is this image's alone, kept in memory until it is written. */
  private async ownTable(l1Index: number): Promise<Table> {
    const old = offsetOf(this.l1, l1Index);
    if (old !== 0 && isCopied(this.l1, l1Index)) return this.keptTable(l1Index);
    const {cluster} = await this.refcounts.allocate(1);
    const table = old === 0 ? this.l2.add(l1Index, Buffer.alloc(this.clusterBytes)) : await this.keptTable(l1Index);
    this.l2.markDirty(table);
    this.metadata.add(cluster);
    setOffset(this.l1, l1Index, cluster * this.clusterBytes);
    this.l1From = Math.min(this.l1From, l1Index);
    this.l1To = Math.max(this.l1To, l1Index + 1);
    // An internal snapshot goes on using the old one.
    if (old !== 0) this.dropped.push(old / this.clusterBytes);
    return table;
  }

  private async keptTable(l1Index: number): Promise<Table> {
    for (;;) {
      const table = await this.loadTable(l1Index);
      // It may have had to go again before this went on.
      if (this.l2.get(l1Index) !== table) continue;
      this.l2.markDirty(table);
      return table;
    }
  }

  /** Writes as much as lies in one place; returns the bytes. */
  private async writeStretch(vector: IoVector, done: number, position: number): Promise<number> {
    const {clusterBytes} = this;
    const left = vector.lengthBytes - done;
    while (this.find(position, left) === NOT_LOADED) await this.load(position);
    const host = this.findWritable(position, left);
    if (host >= 0) {
      const {run} = this;
      await this.file.writeVector(slice(vector, done, run), host);
      return run;
    }
    const cluster = Math.floor(position / clusterBytes);
    const table = await this.ownTable(Math.floor(cluster / this.perTable));
    const index = cluster % this.perTable;
    const within = position - cluster * clusterBytes;
    const wanted = Math.min(
      this.perTable - index,
      Math.ceil((within + left) / clusterBytes),
      Math.ceil(MAX_STRETCH_BYTES / clusterBytes),
    );
    let most = 1;
    while (most < wanted && this.place(table, index + most, true) < 0) most++;
    const taken = await this.refcounts.allocate(most);
    const bytes = Math.min(left, taken.count * clusterBytes - within);
    try {
      await this.fill(slice(vector, done, bytes), position, taken);
    } catch (error) {
      for (let i = 0; i < taken.count; i++) await this.refcounts.release(taken.cluster + i);
      throw error;
    }
    for (let i = 0; i < taken.count; i++) {
      this.drop(table, index + i);
      setOffset(table, index + i, (taken.cluster + i) * clusterBytes);
    }
    return bytes;
  }

  /** Fills new clusters: the vector, and around it what the guest had there before. */
  private async fill(vector: IoVector, position: number, taken: {cluster: number; count: number}): Promise<void> {
    const {clusterBytes, file} = this;
    const host = taken.cluster * clusterBytes;
    const within = position % clusterBytes;
    const end = within + vector.lengthBytes;
    // What is beyond the end of the file is zero by itself.
    const fresh = host >= file.sizeBytes;
    const head = await this.edge(position - within, within, fresh);
    const tail = await this.edge(position + vector.lengthBytes, taken.count * clusterBytes - end, fresh);
    if (head !== undefined) await file.writeBytes(host, head);
    await file.writeVector(vector, host + within);
    if (tail !== undefined) await file.writeBytes(host + end, tail);
  }

  private async edge(position: number, length: number, fresh: boolean): Promise<Buffer | undefined> {
    if (length === 0) return undefined;
    const bytes = Buffer.allocUnsafe(length);
    await this.readOld(vectorOf(bytes), position);
    return fresh && bytes.every((byte) => byte === 0) ? undefined : bytes;
  }

  private async writeZeroes(position: number, length: number): Promise<number> {
    const old = Buffer.allocUnsafe(length);
    await this.readOld(vectorOf(old), position);
    if (old.some((byte) => byte !== 0)) await this.writeAnew(vectorOf(old.fill(0)), position);
    return length;
  }

  private async clearClusters(l1Index: number, index: number, clusters: number): Promise<void> {
    const showsBacking = this.backing !== undefined;
    if (offsetOf(this.l1, l1Index) === 0 && !showsBacking) return;
    const table = await this.ownTable(l1Index);
    for (let i = index; i < index + clusters; i++) {
      if (isEmpty(table, i) && !showsBacking) continue;
      this.drop(table, i);
      if (showsBacking) setZero(table, i);
      else setUnallocated(table, i);
    }
  }

  /** Notes what an L2 entry refers to, as it will not any more. */
  private drop(table: Table, index: number): void {
    if (!isCompressed(table, index)) {
      const offset = offsetOf(table, index);
      if (offset !== 0) this.dropped.push(offset / this.clusterBytes);
      return;
    }
    const {offset, length} = compressedRange(table, index, this.header.clusterBits);
    const last = Math.floor((offset + length - 1) / this.clusterBytes);
    for (let cluster = Math.floor(offset / this.clusterBytes); cluster <= last; cluster++) this.dropped.push(cluster);
  }

  private async writeL1(): Promise<void> {
    const {l1From, l1To} = this;
    if (l1To === 0) return;
    await this.file.sync();
    const bytes = this.l1.bytes.subarray(l1From * ENTRY_BYTES, l1To * ENTRY_BYTES);
    await this.file.writeBytes(this.header.l1Offset + l1From * ENTRY_BYTES, bytes);
    this.l1From = Infinity;
    this.l1To = 0;
  }

  /** The tables that no longer refer to these clusters are in the file: they may be used again. */
  private async giveBack(): Promise<void> {
    await this.file.sync();
    const {dropped} = this;
    this.dropped = [];
    for (const cluster of dropped) {
      await this.refcounts.release(cluster);
      this.metadata.delete(cluster);
    }
    if (!this.header.lazyRefcounts) await this.refcounts.write();
  }

  /** From here on the counts in the file are not to be relied on, until the image is closed. */
  private async markDirty(): Promise<void> {
    if (this.markedDirty) return;
    await this.writeIncompatible(this.header.incompatible | INCOMPAT_DIRTY);
    await this.file.sync();
    this.markedDirty = true;
  }

  private async writeIncompatible(bits: number): Promise<void> {
    const field = Buffer.alloc(8);
    field.writeUInt32BE(bits >>> 0, 4);
    await this.file.writeBytes(INCOMPATIBLE_FIELD, field);
  }

  private async decompressed(offset: number, length: number): Promise<Uint8Array> {
    if (this.lastCompressed?.offset === offset) return this.lastCompressed.bytes;
    const inFile = Math.min(length, this.file.sizeBytes - offset);
    const packed = await this.file.readBytes(offset, inFile);
    const bytes = await decompress(this.header.compression, packed, this.clusterBytes, this.file.workers).catch(
      (error: unknown) => {
        throw new CorruptImage(`${this.file.path}: the compressed cluster at ${offset}: ${String(error)}`);
      },
    );
    this.lastCompressed = {offset, bytes};
    return bytes;
  }

  private noteMetadata(): void {
    const {l1Entries, l1Offset} = this.header;
    this.metadata.add(0);
    for (const cluster of this.refcounts.ownClusters()) this.metadata.add(cluster);
    const l1Clusters = Math.ceil((l1Entries * ENTRY_BYTES) / this.clusterBytes);
    for (let i = 0; i < l1Clusters; i++) this.metadata.add(l1Offset / this.clusterBytes + i);
    for (let index = 0; index < l1Entries; index++) {
      const offset = offsetOf(this.l1, index);
      if (offset !== 0) this.metadata.add(offset / this.clusterBytes);
    }
  }

  private checkL1(index: number): void {
    const offset = offsetOf(this.l1, index);
    const where = `entry ${index} of the L1 table, at ${this.header.l1Offset + index * ENTRY_BYTES}`;
    if (hasReserved(this.l1, index, false) || isCompressed(this.l1, index)) {
      throw new CorruptImage(`${where}, has reserved bits set`);
    }
    this.checkOffset(offset, this.clusterBytes, where);
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
    if (offset !== 0 && this.metadata.has(offset / this.clusterBytes)) {
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
