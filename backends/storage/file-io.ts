import {fdatasync, fdatasyncSync, fstatSync, read, readSync, readvSync, write, writeSync, writevSync} from 'node:fs';
import {EIO} from '../../hypervisor/errno.ts';
import {errnoOf} from './io-error.ts';
import {type IoVector, viewsOf} from './io-vector.ts';
import {type Completion, PENDING} from './storage.ts';

/** The calls of node:fs that move bytes. Tests put slow or failing ones in their place. */
export interface FileCalls {
  readSync: typeof readSync;
  readvSync: typeof readvSync;
  writeSync: typeof writeSync;
  writevSync: typeof writevSync;
  read: typeof read;
  write: typeof write;
  fdatasync: typeof fdatasync;
  fdatasyncSync: typeof fdatasyncSync;
}

export const nodeCalls: FileCalls = {readSync, readvSync, writeSync, writevSync, read, write, fdatasync, fdatasyncSync};

type Piecewise = (fd: number, u8: Uint8Array, offset: number, length: number, position: number) => number;
type Vectored = (fd: number, views: readonly Uint8Array[], position: number) => number;

/**
 * Moves bytes between memory and an open file, all that were asked for: on this thread, or by one of Node's worker
 * threads. Results are the bytes, or -errno.
 */
export class FileIo {
  readonly fd: number;
  /** Length of the file, as far as this process made it. */
  sizeBytes: number;
  /** Reading beyond the end is an error; otherwise there are zeroes. */
  private readonly whole: boolean;
  private readonly calls: FileCalls;

  constructor(fd: number, sizeBytes: number, whole: boolean, calls: FileCalls) {
    this.fd = fd;
    this.sizeBytes = sizeBytes;
    this.whole = whole;
    this.calls = calls;
  }

  /** Fills a vector, on this thread. */
  readNow(vector: IoVector, position: number): number {
    const {count, lengthBytes, offsets, lengths} = vector;
    const {u8} = vector.memory;
    try {
      if (count > 1 && (this.calls.readvSync as Vectored)(this.fd, viewsOf(vector), position) === lengthBytes)
        return lengthBytes;
    } catch (error) {
      return errnoOf(error);
    }
    for (let i = 0, at = position; i < count; at += lengths[i++]) {
      const result = this.fillNow(u8, offsets[i], lengths[i], at);
      if (result < 0) return result;
    }
    return lengthBytes;
  }

  writeNow(vector: IoVector, position: number): number {
    const {count, lengthBytes, offsets, lengths} = vector;
    const {u8} = vector.memory;
    try {
      if (count > 1 && (this.calls.writevSync as Vectored)(this.fd, viewsOf(vector), position) === lengthBytes) {
        this.grow(position + lengthBytes);
        return lengthBytes;
      }
    } catch (error) {
      return errnoOf(error);
    }
    for (let i = 0, at = position; i < count; at += lengths[i++]) {
      const result = this.putNow(u8, offsets[i], lengths[i], at);
      if (result < 0) return result;
    }
    return lengthBytes;
  }

  /** Writes pieces of several memories by one call; false if not all of them could be. */
  writeViewsNow(views: readonly Uint8Array[], lengthBytes: number, position: number): boolean {
    try {
      if ((this.calls.writevSync as Vectored)(this.fd, views, position) !== lengthBytes) return false;
    } catch {
      return false;
    }
    this.grow(position + lengthBytes);
    return true;
  }

  /** Fills a part of a memory, on this thread. */
  fillNow(u8: Uint8Array, offset: number, length: number, position: number): number {
    try {
      for (let done = 0; done < length;) {
        const moved = (this.calls.readSync as Piecewise)(this.fd, u8, offset + done, length - done, position + done);
        if (moved === 0) {
          if (this.whole) return -EIO;
          u8.fill(0, offset + done, offset + length);
          break;
        }
        done += moved;
      }
      return length;
    } catch (error) {
      return errnoOf(error);
    }
  }

  putNow(u8: Uint8Array, offset: number, length: number, position: number): number {
    try {
      for (let done = 0; done < length;) {
        const moved = (this.calls.writeSync as Piecewise)(this.fd, u8, offset + done, length - done, position + done);
        if (moved === 0) return -EIO;
        done += moved;
      }
      this.grow(position + length);
      return length;
    } catch (error) {
      return errnoOf(error);
    }
  }

  /** Fills a buffer by a worker thread. */
  readLater(buffer: Buffer, position: number, done: (result: number) => void, from = 0): void {
    this.calls.read(this.fd, buffer, from, buffer.length - from, position + from, (error, moved) => {
      if (error !== null) return done(errnoOf(error));
      const next = from + moved;
      if (moved === 0 && this.whole) return done(-EIO);
      if (moved === 0) buffer.fill(0, from);
      else if (next < buffer.length) return this.readLater(buffer, position, done, next);
      done(buffer.length);
    });
  }

  writeLater(bytes: Uint8Array, position: number, done: (result: number) => void, from = 0): void {
    this.calls.write(this.fd, bytes, from, bytes.length - from, position + from, (error, moved) => {
      if (error !== null) return done(errnoOf(error));
      const next = from + moved;
      if (moved === 0) return done(-EIO);
      if (next < bytes.length) return this.writeLater(bytes, position, done, next);
      this.grow(position + bytes.length);
      done(bytes.length);
    });
  }

  syncNow(): number {
    try {
      this.calls.fdatasyncSync(this.fd);
      return 0;
    } catch (error) {
      return errnoOf(error);
    }
  }

  syncLater(done: (result: number) => void): void {
    this.calls.fdatasync(this.fd, (error) => done(error === null ? 0 : errnoOf(error)));
  }

  /** Looks at the file's length, which somebody may have changed. */
  remeasure(): void {
    this.sizeBytes = fstatSync(this.fd).size;
  }

  private grow(end: number): void {
    if (end > this.sizeBytes) this.sizeBytes = end;
  }
}

/** The result of an operation that may be PENDING. */
export const settled = (begin: (completion: Completion) => number): Promise<number> =>
  new Promise((resolve) => {
    const result = begin({complete: resolve});
    if (result !== PENDING) resolve(result);
  });

class IoFailure extends Error {
  readonly errno: number;

  constructor(errno: number) {
    super(`I/O error ${-errno}`);
    this.errno = errno;
  }
}

/** Passes on what is no error; throws one that has the errno. */
export const checked = (result: number): number => {
  if (result < 0) throw new IoFailure(result);
  return result;
};
