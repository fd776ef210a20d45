import type {IoVector} from './io-vector.ts';
import {SECTOR_BYTES, type Storage} from './storage.ts';

/** A discard is done in steps of this size, so that clearing a large range does not hold up the host. */
const DISCARD_STEP_BYTES = 1 << 20;

/**
 * A disk in memory, zeroed at first and gone when it is closed. Memory is taken from the machine as it is touched; shared,
 * as guest memory is, to stay out of V8's accounts.
 */
export class RamImage implements Storage {
  readonly sizeBytes: number;
  readonly readonly: boolean;
  readonly discardGranularity = SECTOR_BYTES;
  private bytes: Uint8Array;

  /** Throws a RangeError when the machine has not so much memory. */
  constructor(sizeBytes: number, readonly = false) {
    this.sizeBytes = sizeBytes;
    this.readonly = readonly;
    this.bytes = new Uint8Array(new SharedArrayBuffer(sizeBytes));
  }

  /** All of it, to be saved and filled as a whole; nothing once it is closed. */
  get contents(): Uint8Array {
    return this.bytes;
  }

  read(vector: IoVector, position: number): number {
    const {u8} = vector.memory;
    for (let i = 0, at = position; i < vector.count; at += vector.lengths[i++]) {
      u8.set(this.bytes.subarray(at, at + vector.lengths[i]), vector.offsets[i]);
    }
    return vector.lengthBytes;
  }

  write(vector: IoVector, position: number): number {
    const {u8} = vector.memory;
    for (let i = 0, at = position; i < vector.count; at += vector.lengths[i++]) {
      this.bytes.set(u8.subarray(vector.offsets[i], vector.offsets[i] + vector.lengths[i]), at);
    }
    return vector.lengthBytes;
  }

  flush(): number {
    return 0;
  }

  discard(position: number, length: number): number {
    const step = Math.min(length, DISCARD_STEP_BYTES);
    this.bytes.fill(0, position, position + step);
    return step;
  }

  close(): void {
    this.bytes = new Uint8Array(0);
  }

  toString(): string {
    return `ram ${this.sizeBytes} bytes${this.readonly ? ', read-only' : ''}`;
  }
}
