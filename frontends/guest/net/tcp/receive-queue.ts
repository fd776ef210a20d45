/** Pieces below it are put together: each piece kept costs more than its bytes. */
const SMALL_BYTES = 2048;
const JOINED_BYTES = 8192;

/** Bytes that arrived in order and wait for their reader. */
export class ReceiveQueue {
  private pieces: Uint8Array[] = [];
  private first = 0;
  private count = 0;
  /** Room behind the last piece, when that is one that we put together. */
  private joined: Uint8Array | undefined;
  private joinedLength = 0;

  get length(): number {
    return this.count;
  }

  /** Keeps the bytes: nobody may change them any more. */
  push(bytes: Uint8Array): void {
    this.count += bytes.length;
    if (bytes.length < SMALL_BYTES) this.join(bytes);
    else {
      this.pieces.push(bytes);
      this.joined = undefined;
    }
  }

  /** The next piece, of `max` bytes at most; undefined when there is none. */
  take(max = Infinity): Uint8Array | undefined {
    if (this.count === 0) return undefined;
    const piece = this.pieces[this.first];
    const taken = piece.subarray(0, max);
    this.count -= taken.length;
    if (taken.length < piece.length) this.pieces[this.first] = piece.subarray(taken.length);
    else this.first++;
    if (this.first === this.pieces.length) {
      this.pieces = [];
      this.first = 0;
      this.joined = undefined;
    }
    return taken;
  }

  clear(): void {
    this.pieces = [];
    this.first = 0;
    this.count = 0;
    this.joined = undefined;
  }

  private join(bytes: Uint8Array): void {
    if (this.joined === undefined || this.joinedLength + bytes.length > this.joined.length) {
      this.joined = new Uint8Array(JOINED_BYTES);
      this.joinedLength = 0;
      this.pieces.push(this.joined.subarray(0, 0));
    }
    this.joined.set(bytes, this.joinedLength);
    const last = this.pieces.length - 1;
    const from = this.joinedLength - this.pieces[last].length;
    this.joinedLength += bytes.length;
    this.pieces[last] = this.joined.subarray(from, this.joinedLength);
  }
}
