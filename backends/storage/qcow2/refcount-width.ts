/** Reads and writes one count of a refcount block. @see qcow2.txt, "Host cluster management" */
export interface RefcountWidth {
  readonly bits: number;
  /** Largest count; 64-bit ones are exact below 2^53. */
  readonly max: number;
  get(block: DataView, index: number): number;
  set(block: DataView, index: number, count: number): void;
}

/** Counts of less than a byte: the first one is in the lowest bits. */
const subByte = (bits: number): RefcountWidth => {
  const perByte = 8 / bits;
  const max = 2 ** bits - 1;
  const shiftOf = (index: number): number => (index % perByte) * bits;
  return {
    bits,
    max,
    get: (block, index) => (block.getUint8(Math.floor(index / perByte)) >>> shiftOf(index)) & max,
    set: (block, index, count) => {
      const at = Math.floor(index / perByte);
      block.setUint8(at, (block.getUint8(at) & ~(max << shiftOf(index))) | (count << shiftOf(index)));
    },
  };
};

/** By refcount_order, 0 to 6. */
export const refcountWidths: readonly RefcountWidth[] = [
  subByte(1),
  subByte(2),
  subByte(4),
  {
    bits: 8,
    max: 0xff,
    get: (block, index) => block.getUint8(index),
    set: (block, index, count) => block.setUint8(index, count),
  },
  {
    bits: 16,
    max: 0xffff,
    get: (block, index) => block.getUint16(index * 2),
    set: (block, index, count) => block.setUint16(index * 2, count),
  },
  {
    bits: 32,
    max: 0xffff_ffff,
    get: (block, index) => block.getUint32(index * 4),
    set: (block, index, count) => block.setUint32(index * 4, count),
  },
  {
    bits: 64,
    max: Number.MAX_SAFE_INTEGER,
    get: (block, index) => block.getUint32(index * 8) * 2 ** 32 + block.getUint32(index * 8 + 4),
    set: (block, index, count) => {
      block.setUint32(index * 8, Math.floor(count / 2 ** 32));
      block.setUint32(index * 8 + 4, count >>> 0);
    },
  },
];
