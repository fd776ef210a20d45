import {type Completion, type IoVector, PENDING, type Storage} from '../../../backends/storage/index.ts';
import {EIO, EOPNOTSUPP} from '../../../hypervisor/errno.ts';

export type DiskDeed = 'read' | 'write' | 'flush' | 'discard';

interface Waiting {
  readonly what: DiskDeed;
  readonly finish: () => void;
}

/** A disk behind a backend, in memory, that does as the check says: late, not at all, and with a cache that can be lost. */
export class ScriptedDisk implements Storage {
  readonly discardGranularity = 512;
  readonly readonly: boolean;
  /** What was asked of it, in order. */
  readonly deeds: DiskDeed[] = [];
  /** Operations that have not ended. */
  readonly waiting: Waiting[] = [];
  /** Operations end when `finish` is called. */
  isSlow = false;
  closed = false;
  /** What it answers with an error, and what it does not know. */
  readonly failing = new Set<DiskDeed>();
  readonly unknown = new Set<DiskDeed>();
  sizeBytes: number;
  /** As they are now. */
  bytes: Uint8Array;
  /** As they would be after a power cut. */
  stableBytes: Uint8Array;

  constructor(sizeBytes: number, readonly = false) {
    this.sizeBytes = sizeBytes;
    this.readonly = readonly;
    this.bytes = new Uint8Array(sizeBytes);
    this.stableBytes = this.bytes.slice();
  }

  read(vector: IoVector, position: number, completion: Completion): number {
    return this.do('read', completion, () =>
      this.move(vector, (memory, at) => memory.set(this.bytes.subarray(position + at, position + at + memory.length))),
    );
  }

  write(vector: IoVector, position: number, completion: Completion): number {
    return this.do('write', completion, () => this.move(vector, (memory, at) => this.bytes.set(memory, position + at)));
  }

  flush(completion: Completion): number {
    return this.do('flush', completion, () => {
      this.stableBytes = this.bytes.slice();
      return 0;
    });
  }

  discard(position: number, length: number, completion: Completion): number {
    return this.do('discard', completion, () => {
      this.bytes.fill(0, position, position + length);
      return length;
    });
  }

  /** Another size, which the backend does not know yet. */
  resize(sizeBytes: number): void {
    const bytes = new Uint8Array(sizeBytes);
    bytes.set(this.bytes.subarray(0, sizeBytes));
    this.bytes = bytes;
    this.sizeBytes = sizeBytes;
  }

  remeasure(): void {
    // sizeBytes is always right.
  }

  close(): void {
    this.closed = true;
  }

  /** Ends the operation that has waited longest, or the one at `index`; false when there is none. */
  finish(index = 0): boolean {
    const [waiting] = this.waiting.splice(index, 1);
    waiting?.finish();
    return waiting !== undefined;
  }

  toString(): string {
    return `scripted disk of ${this.sizeBytes} bytes, ${this.waiting.length} under way`;
  }

  /** Calls `each` with the pieces of memory and where they begin, counted from the start of the transfer. */
  private move(
    {memory, offsets, lengths, count, lengthBytes}: IoVector,
    each: (piece: Uint8Array, at: number) => void,
  ): number {
    for (let i = 0, at = 0; i < count; at += lengths[i++])
      each(memory.u8.subarray(offsets[i], offsets[i] + lengths[i]), at);
    return lengthBytes;
  }

  private do(what: DiskDeed, completion: Completion, act: () => number): number {
    this.deeds.push(what);
    const result = (): number => {
      if (this.unknown.has(what)) return -EOPNOTSUPP;
      return this.failing.has(what) ? -EIO : act();
    };
    if (!this.isSlow) return result();
    this.waiting.push({what, finish: () => completion.complete(result())});
    return PENDING;
  }
}
