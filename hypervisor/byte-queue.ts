const EMPTY = new Uint8Array(0);
const FIRST_CAPACITY = 256;

/**
 * Bytes waiting, first in first out, at most `limit`. The store is as large as what waited at once: a thousand idle
 * queues cost next to nothing.
 */
export class ByteQueue {
  readonly limit: number;
  private store = EMPTY;
  private start = 0;
  private used = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get length(): number {
    return this.used;
  }

  /** Appends what fits. Returns the bytes taken. */
  push(bytes: Uint8Array): number {
    const taken = Math.min(bytes.length, this.limit - this.used);
    this.append(taken === bytes.length ? bytes : bytes.subarray(0, taken));
    return taken;
  }

  /** Appends all; the oldest bytes go when it is full. Returns the bytes lost. */
  pushOver(bytes: Uint8Array): number {
    const lost = Math.max(0, this.used + bytes.length - this.limit);
    const lostOld = Math.min(lost, this.used);
    this.skip(lostOld);
    this.append(bytes.subarray(lost - lostOld));
    return lost;
  }

  /** The oldest bytes as one view, valid until the next call; all of them unless the store wraps. */
  head(): Uint8Array {
    return this.store.subarray(this.start, Math.min(this.start + this.used, this.store.length));
  }

  /** Drops the `count` oldest bytes. */
  skip(count: number): void {
    this.used -= count;
    this.start = this.used === 0 ? 0 : (this.start + count) % this.store.length;
  }

  clear(): void {
    this.skip(this.used);
    this.store = EMPTY;
  }

  /** A copy of all bytes, oldest first. */
  toBytes(): Uint8Array {
    return this.copyTo(new Uint8Array(this.used));
  }

  private append(bytes: Uint8Array): void {
    if (this.used + bytes.length > this.store.length) this.grow(this.used + bytes.length);
    const capacity = this.store.length;
    const at = capacity === 0 ? 0 : (this.start + this.used) % capacity;
    const first = Math.min(bytes.length, capacity - at);
    this.store.set(bytes.subarray(0, first), at);
    this.store.set(bytes.subarray(first), 0);
    this.used += bytes.length;
  }

  private grow(needed: number): void {
    const capacity = Math.min(this.limit, Math.max(needed, this.store.length * 2, FIRST_CAPACITY));
    this.store = this.copyTo(new Uint8Array(capacity));
    this.start = 0;
  }

  private copyTo(target: Uint8Array): Uint8Array<ArrayBuffer> {
    const head = this.head();
    target.set(head);
    target.set(this.store.subarray(0, this.used - head.length), head.length);
    return target as Uint8Array<ArrayBuffer>;
  }
}
