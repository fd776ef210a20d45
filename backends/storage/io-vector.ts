/** Memory whose buffer may move: its view is read anew at every use. DomainMemory is one. */
export interface ByteMemory {
  readonly u8: Uint8Array;
}

/** Where in memory the bytes of one stretch of an image belong: pieces in the order of the image. */
export class IoVector {
  memory: ByteMemory;
  /** Pieces in use. */
  count = 0;
  /** Bytes of all pieces. */
  lengthBytes = 0;
  readonly offsets: Float64Array;
  readonly lengths: Uint32Array;

  constructor(memory: ByteMemory, maxPieces: number) {
    this.memory = memory;
    this.offsets = new Float64Array(maxPieces);
    this.lengths = new Uint32Array(maxPieces);
  }

  clear(): void {
    this.count = 0;
    this.lengthBytes = 0;
  }

  /** Appends a piece; one that follows the last in memory, too, makes it longer. There has to be room for it. */
  add(offset: number, length: number): void {
    const last = this.count - 1;
    this.lengthBytes += length;
    if (last >= 0 && this.offsets[last] + this.lengths[last] === offset) {
      this.lengths[last] += length;
      return;
    }
    this.offsets[this.count] = offset;
    this.lengths[this.count++] = length;
  }
}

/** The pieces as views of the memory that it has now. */
export const viewsOf = ({count, offsets, lengths, memory: {u8}}: IoVector): Uint8Array[] => {
  const views = new Array<Uint8Array>(count);
  for (let i = 0; i < count; i++) views[i] = u8.subarray(offsets[i], offsets[i] + lengths[i]);
  return views;
};

/** A copy of the vector's bytes in one piece. */
export const gather = (vector: IoVector): Buffer => {
  const bytes = Buffer.allocUnsafe(vector.lengthBytes);
  const {u8} = vector.memory;
  for (let i = 0, at = 0; i < vector.count; at += vector.lengths[i++]) {
    bytes.set(u8.subarray(vector.offsets[i], vector.offsets[i] + vector.lengths[i]), at);
  }
  return bytes;
};

/** Puts bytes into the vector's memory, from `from` bytes into the vector on. */
export const scatter = (bytes: Uint8Array, vector: IoVector, from = 0): void => {
  const {u8} = vector.memory;
  let start = 0;
  for (let i = 0; i < vector.count; start += vector.lengths[i++]) {
    const skip = Math.max(0, from - start);
    const taken = start + skip - from;
    if (skip >= vector.lengths[i]) continue;
    if (taken >= bytes.length) return;
    const length = Math.min(vector.lengths[i] - skip, bytes.length - taken);
    u8.set(bytes.subarray(taken, taken + length), vector.offsets[i] + skip);
  }
};

/** Zeroes `length` bytes of the vector's memory, from `from` bytes into the vector on. */
export const clearVector = (vector: IoVector, from: number, length: number): void => {
  const part = slice(vector, from, length);
  for (const view of viewsOf(part)) view.fill(0);
};

/** A part of a vector, over the same memory. */
export const slice = (vector: IoVector, from: number, length: number): IoVector => {
  if (from === 0 && length === vector.lengthBytes) return vector;
  const part = new IoVector(vector.memory, vector.count);
  let start = 0;
  for (let i = 0; i < vector.count && part.lengthBytes < length; start += vector.lengths[i++]) {
    const skip = Math.max(0, from - start);
    if (skip >= vector.lengths[i]) continue;
    const taken = Math.min(vector.lengths[i] - skip, length - part.lengthBytes);
    part.add(vector.offsets[i] + skip, taken);
  }
  return part;
};

/** One piece: bytes of our own. */
export const vectorOf = (bytes: Uint8Array): IoVector => {
  const vector = new IoVector({u8: bytes}, 1);
  vector.add(0, bytes.length);
  return vector;
};
