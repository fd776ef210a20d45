const FIRST_BYTES = 16 * 1024;

/** Bytes that were written and are not acknowledged: a ring that grows up to its limit. */
export class SendBuffer {
  private readonly limit: number;
  private ring = new Uint8Array(0);
  private head = 0;
  private count = 0;

  /** `limit`: bytes, a power of two times 16 KiB. */
  constructor(limit: number) {
    this.limit = limit;
  }

  get length(): number {
    return this.count;
  }

  get room(): number {
    return this.limit - this.count;
  }

  /** Adds as many of data[from, ...) as there is room for; returns how many. */
  push(data: Uint8Array, from: number): number {
    const length = Math.min(data.length - from, this.room);
    this.reserve(this.count + length);
    const mask = this.ring.length - 1;
    const tail = (this.head + this.count) & mask;
    const first = Math.min(length, this.ring.length - tail);
    this.ring.set(data.subarray(from, from + first), tail);
    if (first < length) this.ring.set(data.subarray(from + first, from + length), 0);
    this.count += length;
    return length;
  }

  /** Copies `length` bytes from `offset` behind the first one to target[at, ...). */
  copy(offset: number, length: number, target: Uint8Array, at: number): void {
    const start = (this.head + offset) & (this.ring.length - 1);
    const first = Math.min(length, this.ring.length - start);
    target.set(this.ring.subarray(start, start + first), at);
    if (first < length) target.set(this.ring.subarray(0, length - first), at + first);
  }

  /** Drops the first bytes. */
  drop(length: number): void {
    this.head = (this.head + length) & (this.ring.length - 1);
    this.count -= length;
  }

  private reserve(length: number): void {
    if (length <= this.ring.length) return;
    let size = Math.max(this.ring.length, FIRST_BYTES);
    while (size < length) size *= 2;
    const grown = new Uint8Array(size);
    this.copy(0, this.count, grown, 0);
    this.ring = grown;
    this.head = 0;
  }
}
