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
