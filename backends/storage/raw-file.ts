import {closeSync, fdatasyncSync, readSync, readvSync, writeSync, writevSync} from 'node:fs';
import {EIO} from '../../hypervisor/errno.ts';
import type {IoVector} from './io-vector.ts';
import type {Storage} from './storage.ts';

/** A discard is done in steps of this size, so that clearing a large range does not hold up the host. */
const DISCARD_STEP_BYTES = 1 << 20;
/** Unit in which a discard looks for data; also what it reports as granularity: the block of most file systems. */
const ZERO_BLOCK_BYTES = 65536;
const BLOCK_BYTES = 4096;

const zeroes = Buffer.alloc(ZERO_BLOCK_BYTES);
const scratch = Buffer.alloc(ZERO_BLOCK_BYTES);

/** -errno of what a function of node:fs threw. */
const errnoOf = (error: unknown): number => {
  const errno = error instanceof Error && 'errno' in error ? error.errno : undefined;
  return typeof errno === 'number' && errno < 0 ? errno : -EIO;
};

type Piecewise = (fd: number, u8: Uint8Array, offset: number, length: number, position: number) => number;
type Vectored = (fd: number, views: Uint8Array[], position: number) => number;

/**
 * An image that holds the disk's bytes and nothing else, through the page cache. Every operation ends at once.
 *
 * Plain Node has no call that punches a hole: discard writes zeroes, but only where there is data, so that holes stay.
 */
export class RawFile implements Storage {
  readonly sizeBytes: number;
  readonly readonly: boolean;
  readonly discardGranularity = BLOCK_BYTES;
  private readonly fd: number;
  private readonly path: string;
  private readonly onClose: () => void;

  /** Takes over the open file; `onClose` is called when it has been closed. */
  constructor(options: {fd: number; path: string; sizeBytes: number; readonly: boolean; onClose: () => void}) {
    this.fd = options.fd;
    this.path = options.path;
    this.sizeBytes = options.sizeBytes;
    this.readonly = options.readonly;
    this.onClose = options.onClose;
  }

  read(vector: IoVector, position: number): number {
    return this.transfer(vector, position, readSync, readvSync);
  }

  write(vector: IoVector, position: number): number {
    return this.transfer(vector, position, writeSync, writevSync);
  }

  flush(): number {
    try {
      fdatasyncSync(this.fd);
      return 0;
    } catch (error) {
      return errnoOf(error);
    }
  }

  discard(position: number, length: number): number {
    const step = Math.min(length, DISCARD_STEP_BYTES);
    try {
      for (let done = 0; done < step; done += ZERO_BLOCK_BYTES) {
        this.clear(position + done, Math.min(ZERO_BLOCK_BYTES, step - done));
      }
      return step;
    } catch (error) {
      return errnoOf(error);
    }
  }

  close(): void {
    closeSync(this.fd);
    this.onClose();
  }

  toString(): string {
    return `${this.path} ${this.sizeBytes} bytes${this.readonly ? ', read-only' : ''}`;
  }

  private transfer(vector: IoVector, position: number, one: Piecewise, many: Vectored): number {
    const {count, lengthBytes, offsets, lengths} = vector;
    const {u8} = vector.memory;
    try {
      if (count > 1 && many(this.fd, viewsOf(vector), position) === lengthBytes) return lengthBytes;
      for (let i = 0, at = position; i < count; at += lengths[i++]) {
        if (!this.transferPiece(one, u8, offsets[i], lengths[i], at)) return -EIO;
      }
      return lengthBytes;
    } catch (error) {
      return errnoOf(error);
    }
  }

  /** False at the end of a file that somebody has made shorter. */
  private transferPiece(one: Piecewise, u8: Uint8Array, offset: number, length: number, position: number): boolean {
    for (let done = 0; done < length;) {
      const moved = one(this.fd, u8, offset + done, length - done, position + done);
      if (moved === 0) return false;
      done += moved;
    }
    return true;
  }

  private clear(position: number, length: number): void {
    const held = readSync(this.fd, scratch, 0, length, position);
    if (held === length && zeroes.compare(scratch, 0, length, 0, length) === 0) return;
    this.transferPiece(writeSync, zeroes, 0, length, position);
  }
}

const viewsOf = ({count, offsets, lengths, memory: {u8}}: IoVector): Uint8Array[] => {
  const views = new Array<Uint8Array>(count);
  for (let i = 0; i < count; i++) views[i] = u8.subarray(offsets[i], offsets[i] + lengths[i]);
  return views;
};
