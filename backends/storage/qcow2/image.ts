import {CorruptImage} from '../io-error.ts';
import {type IoVector, scatter, slice, vectorOf} from '../io-vector.ts';
import {type MappedOptions, MappedImage, NOT_LOADED} from '../mapped-image.ts';
import type {Table} from '../table-cache.ts';
import {ClusterMap} from './cluster-map.ts';
import {decompress} from './compressed.ts';
import {compressedRange, isCompressed, isEmpty, offsetOf, setOffset, setUnallocated, setZero} from './entry.ts';
import {AUTOCLEAR_FIELD, INCOMPAT_DIRTY, INCOMPATIBLE_FIELD, type Qcow2Header} from './header.ts';
import {Refcounts} from './refcounts.ts';

/** Clusters that one write takes at once: their L2 entries change together. */
const MAX_STRETCH_BYTES = 4 * 2 ** 20;
const MAX_EDGE_BYTES = 2 ** 20;

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
  private readonly refcounts: Refcounts;
  private readonly map: ClusterMap;
  private markedDirty = false;
  private lastCompressed: {offset: number; bytes: Uint8Array} | undefined;

  constructor(header: Qcow2Header, options: MappedOptions) {
    super(options);
    this.header = header;
    this.sizeBytes = header.sizeBytes;
    this.clusterBytes = header.clusterBytes;
    this.discardGranularity = header.clusterBytes;
    const tables = new Set<number>();
    this.refcounts = new Refcounts(options.file, header, tables);
    this.map = new ClusterMap(options.file, header, this.refcounts, tables);
  }

  /** Reads what is always in memory, and looks at the first tables. @throws CorruptImage */
  async open(): Promise<void> {
    await this.refcounts.open();
    await this.map.open();
    if (!this.readonly && this.header.hasAutoclear) await this.file.writeBytes(AUTOCLEAR_FIELD, Buffer.alloc(8));
  }

  override toString(): string {
    const {version, clusterBytes} = this.header;
    const backing = this.backing === undefined ? '' : `, on ${String(this.backing)}`;
    return `${String(this.file)}, qcow2 v${version}, clusters of ${clusterBytes}, ${this.sizeBytes} bytes${backing}`;
  }

  protected find(position: number, length: number): number {
    const host = this.map.look(position, length, false);
    this.run = this.map.run;
    return host;
  }

  protected findWritable(position: number, length: number): number {
    const host = this.map.look(position, length, true);
    this.run = this.map.run;
    return host;
  }

  protected async load(position: number): Promise<void> {
    await this.map.load(this.tableIndex(position));
  }

  protected async readCompressed(vector: IoVector, position: number): Promise<void> {
    const {clusterBytes} = this;
    const cluster = Math.floor(position / clusterBytes);
    const table = await this.map.load(this.tableIndex(position));
    const index = cluster % this.map.perTable;
    // A writer may have been there meanwhile.
    if (!isCompressed(table, index)) return this.readOld(vector, position);
    const {offset, length} = compressedRange(table, index, this.header.clusterBits);
    const bytes = await this.decompressed(offset, length);
    const from = position - cluster * clusterBytes;
    scatter(bytes.subarray(from, from + vector.lengthBytes), vector);
  }

  protected async writeAnew(vector: IoVector, position: number): Promise<void> {
    for (let done = 0; done < vector.lengthBytes;) done += await this.writeStretch(vector, done, position + done);
    if (this.map.crowded || this.refcounts.crowded) await this.writeTables();
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
    const index = (position / clusterBytes) % this.map.perTable;
    const clusters = Math.min(whole, this.map.perTable - index);
    await this.clearClusters(this.tableIndex(position), index, clusters);
    return Math.min(length, clusters * clusterBytes);
  }

  protected get tablesDirty(): boolean {
    const counts = this.refcounts.dirty && !this.header.lazyRefcounts;
    return this.map.dirty || this.refcounts.hasDropped || counts;
  }

  protected async writeTables(): Promise<void> {
    if (this.header.lazyRefcounts) await this.markDirty();
    else await this.refcounts.write();
    // The data, and the counts of its clusters, before what refers to them.
    await this.file.sync();
    await this.map.write();
    if (!this.refcounts.hasDropped || !this.quiet) return;
    // The tables that no longer refer to these clusters are in the file: they may be used again.
    await this.file.sync();
    await this.refcounts.releaseDropped();
    if (!this.header.lazyRefcounts) await this.refcounts.write();
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

  private tableIndex(position: number): number {
    return Math.floor(position / (this.map.perTable * this.clusterBytes));
  }

  /** Writes as much as lies in one place; returns the bytes. */
  private async writeStretch(vector: IoVector, done: number, position: number): Promise<number> {
    const {clusterBytes, map} = this;
    const left = vector.lengthBytes - done;
    while (this.find(position, left) === NOT_LOADED) await this.load(position);
    const host = this.findWritable(position, left);
    if (host >= 0) {
      const {run} = this;
      await this.file.writeVector(slice(vector, done, run), host);
      return run;
    }
    const cluster = Math.floor(position / clusterBytes);
    const table = await map.own(this.tableIndex(position));
    const index = cluster % map.perTable;
    const within = position - cluster * clusterBytes;
    const wanted = Math.min(
      map.perTable - index,
      Math.ceil((within + left) / clusterBytes),
      Math.ceil(MAX_STRETCH_BYTES / clusterBytes),
    );
    let most = 1;
    while (most < wanted && map.place(table, index + most, true) < 0) most++;
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
    if (!this.map.has(l1Index) && !showsBacking) return;
    const table = await this.map.own(l1Index);
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
      if (offset !== 0) this.refcounts.drop(offset / this.clusterBytes);
      return;
    }
    const {offset, length} = compressedRange(table, index, this.header.clusterBits);
    const last = Math.floor((offset + length - 1) / this.clusterBytes);
    for (let cluster = Math.floor(offset / this.clusterBytes); cluster <= last; cluster++) this.refcounts.drop(cluster);
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
}
