/** Entries of L1 and L2 tables: 64 bits, big-endian. @see qcow2.txt, "Cluster mapping" */
import type {Table} from '../table-cache.ts';

export const ENTRY_BYTES = 8;

/** Of the upper word: the cluster has a refcount of exactly one, so it may be written in place. */
const COPIED_HIGH = 0x8000_0000;
const COMPRESSED_HIGH = 0x4000_0000;
const OFFSET_HIGH = 0x00ff_ffff;
/** Of the lower word. */
const OFFSET_LOW = 0xffff_fe00;
const ZERO_LOW = 1;

const highOf = ({view}: Table, index: number): number => view.getUint32(index * ENTRY_BYTES);
const lowOf = ({view}: Table, index: number): number => view.getUint32(index * ENTRY_BYTES + 4);

/** Byte in the file of the cluster, or of the table, that an entry names; 0: none. */
export const offsetOf = (table: Table, index: number): number =>
  (highOf(table, index) & OFFSET_HIGH) * 2 ** 32 + ((lowOf(table, index) & OFFSET_LOW) >>> 0);

export const isCopied = (table: Table, index: number): boolean => (highOf(table, index) & COPIED_HIGH) !== 0;

export const isCompressed = (table: Table, index: number): boolean => (highOf(table, index) & COMPRESSED_HIGH) !== 0;

/** Reads as zeroes, whatever the cluster holds; version 3 only. */
export const isZero = (table: Table, index: number): boolean => (lowOf(table, index) & ZERO_LOW) !== 0;

/** Reserved bits are set: 56 to 61, and those below the offset. */
export const hasReserved = (table: Table, index: number, zeroFlag: boolean): boolean =>
  (highOf(table, index) & 0x3f00_0000) !== 0 || (lowOf(table, index) & (zeroFlag ? 0x1fe : 0x1ff)) !== 0;

/** A cluster of our own. */
export const setOffset = ({view}: Table, index: number, offset: number, copied = true): void => {
  view.setUint32(index * ENTRY_BYTES, (Math.floor(offset / 2 ** 32) | (copied ? COPIED_HIGH : 0)) >>> 0);
  view.setUint32(index * ENTRY_BYTES + 4, offset >>> 0);
};

export const setUnallocated = ({view}: Table, index: number): void => {
  view.setUint32(index * ENTRY_BYTES, 0);
  view.setUint32(index * ENTRY_BYTES + 4, 0);
};

export const setZero = ({view}: Table, index: number): void => {
  view.setUint32(index * ENTRY_BYTES, 0);
  view.setUint32(index * ENTRY_BYTES + 4, ZERO_LOW);
};

export const isEmpty = ({view}: Table, index: number): boolean =>
  view.getUint32(index * ENTRY_BYTES) === 0 && view.getUint32(index * ENTRY_BYTES + 4) === 0;

export const setCopied = ({view}: Table, index: number, copied: boolean): void => {
  const high = view.getUint32(index * ENTRY_BYTES) & ~COPIED_HIGH;
  view.setUint32(index * ENTRY_BYTES, (high | (copied ? COPIED_HIGH : 0)) >>> 0);
};

/** Where the compressed bytes of a cluster are, at most; they may end before. @see "Compressed Clusters Descriptor" */
export const compressedRange = (table: Table, index: number, clusterBits: number): {offset: number; length: number} => {
  const offsetBits = 62 - (clusterBits - 8);
  const high = highOf(table, index) & 0x3fff_ffff;
  const highBits = offsetBits - 32;
  const offset = (high & (2 ** highBits - 1)) * 2 ** 32 + lowOf(table, index);
  const sectors = (high >>> highBits) + 1;
  return {offset, length: sectors * 512 - (offset % 512)};
};
