import type {ImageFile} from '../image-file.ts';
import {CorruptImage} from '../io-error.ts';
import {type Table, tableOf} from '../table-cache.ts';
import {compressedRange, ENTRY_BYTES, isCompressed, isCopied, offsetOf, setCopied} from './entry.ts';
import {INCOMPAT_DIRTY, INCOMPATIBLE_FIELD, type Qcow2Header} from './header.ts';
import {Refcounts} from './refcounts.ts';

/** 4 TiB of clusters of 64 KiB; a count of each is held in memory. */
const MAX_CLUSTERS = 2 ** 26;
const SNAPSHOT_BYTES = 40;

/**
 * Counts the references of an image whose counts were not kept up to date (the dirty bit), writes them, and takes the
 * bit away: what QEMU does when it opens such an image to write.
 * @throws CorruptImage
 */
export const repairRefcounts = async (file: ImageFile, header: Qcow2Header): Promise<void> => {
  if (header.hasBitmaps) throw new CorruptImage('dirty, with bitmaps: repair it with qemu-img check -r all');
  const refcounts = new Refcounts(file, header, new Set());
  await refcounts.open();
  const counter = new ReferenceCounter(file, header, refcounts.countedClusters);
  await counter.count(refcounts.ownClusters());
  refcounts.avoidHoles();
  for (let cluster = 0; cluster < counter.counts.length; cluster++) {
    const count = counter.counts[cluster];
    if ((await refcounts.get(cluster)) !== count) await refcounts.set(cluster, count);
    if (refcounts.crowded) await refcounts.write();
  }
  await refcounts.write();
  await file.sync();
  await counter.writeCopied();
  await file.sync();
  const field = Buffer.alloc(8);
  field.writeUInt32BE((header.incompatible & ~INCOMPAT_DIRTY) >>> 0, 4);
  await file.writeBytes(INCOMPATIBLE_FIELD, field);
  await file.sync();
};

class ReferenceCounter {
  /** By cluster. */
  readonly counts: Uint32Array;
  private readonly file: ImageFile;
  private readonly header: Qcow2Header;

  constructor(file: ImageFile, header: Qcow2Header, clusters: number) {
    if (clusters > MAX_CLUSTERS) throw new CorruptImage(`dirty, and too large to repair here: ${clusters} clusters`);
    this.file = file;
    this.header = header;
    this.counts = new Uint32Array(clusters);
  }

  async count(ownClusters: Iterable<number>): Promise<void> {
    const {clusterBytes, l1Entries, l1Offset} = this.header;
    this.note(0, clusterBytes);
    for (const cluster of ownClusters) this.note(cluster * clusterBytes, clusterBytes);
    await this.countL1(l1Offset, l1Entries);
    await this.countSnapshots();
  }

  /** The copied bits of the active tables say whether a count is 1. */
  async writeCopied(): Promise<void> {
    const {clusterBytes, l1Entries, l1Offset} = this.header;
    const l1 = await this.readTable(l1Offset, l1Entries);
    for (let i = 0; i < l1Entries; i++) {
      const offset = offsetOf(l1, i);
      if (offset === 0) continue;
      const l2 = await this.readTable(offset, clusterBytes / ENTRY_BYTES);
      for (let j = 0; j < clusterBytes / ENTRY_BYTES; j++) this.fixCopied(l2, j);
      if (l2.dirty) await this.file.writeBytes(offset, l2.bytes);
      this.fixCopied(l1, i);
    }
    if (l1.dirty) await this.file.writeBytes(l1Offset, l1.bytes);
  }

  private fixCopied(table: Table, index: number): void {
    const offset = offsetOf(table, index);
    if (offset === 0 || isCompressed(table, index)) return;
    const copied = this.counts[offset / this.header.clusterBytes] === 1;
    if (isCopied(table, index) === copied) return;
    setCopied(table, index, copied);
    table.dirty = true;
  }

  private async countL1(l1Offset: number, entries: number): Promise<void> {
    const {clusterBytes} = this.header;
    this.note(l1Offset, entries * ENTRY_BYTES);
    const l1 = await this.readTable(l1Offset, entries);
    for (let i = 0; i < entries; i++) {
      const offset = offsetOf(l1, i);
      if (offset === 0) continue;
      this.note(offset, clusterBytes);
      await this.countL2(offset);
    }
  }

  private async countL2(offset: number): Promise<void> {
    const {clusterBits, clusterBytes} = this.header;
    const l2 = await this.readTable(offset, clusterBytes / ENTRY_BYTES);
    for (let j = 0; j < clusterBytes / ENTRY_BYTES; j++) {
      if (isCompressed(l2, j)) {
        const packed = compressedRange(l2, j, clusterBits);
        this.note(packed.offset, packed.length);
      } else if (offsetOf(l2, j) !== 0) this.note(offsetOf(l2, j), clusterBytes);
    }
  }

  /** @see qcow2.txt, "Snapshots" */
  private async countSnapshots(): Promise<void> {
    const {snapshots, snapshotsOffset} = this.header;
    let at = snapshotsOffset;
    for (let i = 0; i < snapshots; i++) {
      const entry = await this.file.readBytes(at, SNAPSHOT_BYTES);
      const offset = entry.readUInt32BE(0) * 2 ** 32 + entry.readUInt32BE(4);
      await this.countL1(offset, entry.readUInt32BE(8));
      const variable = entry.readUInt32BE(36) + entry.readUInt16BE(12) + entry.readUInt16BE(14);
      at += Math.ceil((SNAPSHOT_BYTES + variable) / 8) * 8;
    }
    if (snapshots > 0) this.note(snapshotsOffset, at - snapshotsOffset);
  }

  private async readTable(offset: number, entries: number): Promise<Table> {
    if (entries * ENTRY_BYTES > this.file.sizeBytes)
      throw new CorruptImage(`a table of ${entries} entries at ${offset}`);
    return tableOf(0, await this.file.readBytes(offset, entries * ENTRY_BYTES));
  }

  /** A reference to all clusters that the range touches. */
  private note(offset: number, length: number): void {
    const {clusterBytes} = this.header;
    const last = Math.floor((offset + length - 1) / clusterBytes);
    for (let cluster = Math.floor(offset / clusterBytes); cluster <= last; cluster++) {
      if (cluster >= this.counts.length) throw new CorruptImage(`a reference to byte ${offset}, beyond the file`);
      this.counts[cluster]++;
    }
  }
}
