import {
  close,
  closeSync,
  fdatasync,
  fdatasyncSync,
  fstatSync,
  fstat,
  ftruncate,
  ftruncateSync,
  read,
  readSync,
  readvSync,
  write,
  writeSync,
  writevSync,
} from 'node:fs';
import {EIO} from '../../hypervisor/errno.ts';
import type {TaskQueue} from '../../hypervisor/schedule/index.ts';
import {errnoOf} from './io-error.ts';
import {gather, type IoVector, scatter, viewsOf} from './io-vector.ts';
import {Residency} from './residency.ts';
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

/** The machine's clock: a Schedule in real mode is one. */
export type Clock = Pick<TaskQueue, 'now' | 'after'>;

export interface ImageFileOptions {
  fd: number;
  path: string;
  readonly: boolean;
  sizeBytes: number;
  /**
   * Given: what may have to wait for the disk is left to Node's worker threads. Without: every operation ends at once,
   * as virtual time needs.
   */
  clock?: Clock;
  /** The file is as long as the disk: reading beyond its end is an error. Otherwise there are zeroes. */
  whole?: boolean;
  calls?: FileCalls;
}

type Piecewise = (fd: number, u8: Uint8Array, offset: number, length: number, position: number) => number;
type Vectored = (fd: number, views: Uint8Array[], position: number) => number;

const PAGE_BYTES = 4096;

/**
 * An open file of the host that images lie in. What is believed to be in the page cache is served at once, by the
 * host's thread; what may wait for the disk goes to a worker thread through a buffer of its own, since guest memory
 * may move meanwhile.
 */
export class ImageFile {
  readonly path: string;
  readonly readonly: boolean;
  readonly fd: number;
  /** Length of the file, as far as this process made it. */
  sizeBytes: number;
  /** Whether operations may take their time. */
  readonly workers: boolean;
  private readonly clock: Clock | undefined;
  private readonly whole: boolean;
  private readonly calls: FileCalls;
  private readonly residency = new Residency();

  constructor({fd, path, readonly, sizeBytes, clock, whole = false, calls = nodeCalls}: ImageFileOptions) {
    this.fd = fd;
    this.path = path;
    this.readonly = readonly;
    this.sizeBytes = sizeBytes;
    this.clock = clock;
    this.workers = clock !== undefined;
    this.whole = whole;
    this.calls = calls;
  }

  /** Fills a vector, as Storage.read does. */
  read(vector: IoVector, position: number, completion: Completion): number {
    const {clock, residency} = this;
    if (clock === undefined) return this.readNow(vector, position);
    const known = residency.has(position, vector.lengthBytes);
    if (known && residency.trusted) {
      const startNs = clock.now();
      const result = this.readNow(vector, position);
      residency.judge(clock.now() - startNs);
      return result;
    }
    const buffer = Buffer.allocUnsafe(vector.lengthBytes);
    const judge = this.watch(known, clock);
    this.readLater(buffer, position, (result) => {
      judge?.();
      if (result >= 0) scatter(buffer, vector);
      completion.complete(result < 0 ? result : vector.lengthBytes);
    });
    return PENDING;
  }

  /** Writes a vector, as Storage.write does. */
  write(vector: IoVector, position: number, completion: Completion): number {
    const {clock, residency} = this;
    if (clock === undefined) return this.writeNow(vector, position);
    // A page that is written as a whole need not be read before.
    const whole = position % PAGE_BYTES === 0 && vector.lengthBytes % PAGE_BYTES === 0;
    const known = whole || residency.has(position, vector.lengthBytes);
    if (known && residency.trusted) {
      const startNs = clock.now();
      const result = this.writeNow(vector, position);
      residency.judge(clock.now() - startNs);
      if (result > 0) residency.add(position, result);
      return result;
    }
    const judge = this.watch(known, clock);
    this.writeLater(gather(vector), position, (result) => {
      judge?.();
      completion.complete(result);
    });
    return PENDING;
  }

  /** Throws an error with an `errno`, as all that return a promise do. */
  async readBytes(position: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length);
    if (!this.workers) checked(this.fillNow(bytes, 0, length, position));
    else checked(await new Promise<number>((done) => this.readLater(bytes, position, done)));
    return bytes;
  }

  async writeBytes(position: number, bytes: Uint8Array): Promise<void> {
    if (this.workers) checked(await new Promise<number>((done) => this.writeLater(bytes, position, done)));
    else checked(this.putNow(bytes, 0, bytes.length, position));
  }

  /** As read(), for those who wait. */
  async readVector(vector: IoVector, position: number): Promise<void> {
    checked(await settled((completion) => this.read(vector, position, completion)));
  }

  async writeVector(vector: IoVector, position: number): Promise<void> {
    checked(await settled((completion) => this.write(vector, position, completion)));
  }

  /** Puts what was written on stable storage. Returns 0, -errno, or PENDING. */
  flush(completion: Completion): number {
    if (!this.workers) {
      try {
        this.calls.fdatasyncSync(this.fd);
        return 0;
      } catch (error) {
        return errnoOf(error);
      }
    }
    this.calls.fdatasync(this.fd, (error) => completion.complete(error === null ? 0 : errnoOf(error)));
    return PENDING;
  }

  async sync(): Promise<void> {
    checked(await settled((completion) => this.flush(completion)));
  }

  /** Cuts the file, or makes it longer by a hole. */
  async truncate(sizeBytes: number): Promise<void> {
    if (this.workers) {
      await new Promise<void>((resolve, reject) =>
        ftruncate(this.fd, sizeBytes, (error) => (error === null ? resolve() : reject(error))),
      );
    } else ftruncateSync(this.fd, sizeBytes);
    this.sizeBytes = sizeBytes;
  }

  /** Resolves when others can have it. Closing a file of a network can take long. */
  close(): Promise<void> {
    if (this.workers) return new Promise((resolve) => close(this.fd, () => resolve()));
    closeSync(this.fd);
    return Promise.resolve();
  }

  toString(): string {
    return `${this.path}${this.readonly ? ', read-only' : ''}${this.workers ? `, ${String(this.residency)}` : ''}`;
  }

  /**
   * Judges an operation on known pages that a worker thread does: beside it goes one that needs no disk, so that a
   * machine with much to do is not taken for a slow disk. To be called when it has ended.
   */
  private watch(known: boolean, clock: Clock): (() => void) | undefined {
    const {residency} = this;
    if (!known || residency.trusted) return undefined;
    let otherNs: number | undefined;
    // Queued behind it by the time that it starts.
    queueMicrotask(() => fstat(this.fd, () => (otherNs = clock.now())));
    return () => residency.judgeWorker(otherNs === undefined ? 0 : clock.now() - otherNs);
  }

  private readNow(vector: IoVector, position: number): number {
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

  private writeNow(vector: IoVector, position: number): number {
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

  private fillNow(u8: Uint8Array, offset: number, length: number, position: number): number {
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

  private putNow(u8: Uint8Array, offset: number, length: number, position: number): number {
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

  private readLater(buffer: Buffer, position: number, done: (result: number) => void, from = 0): void {
    this.calls.read(this.fd, buffer, from, buffer.length - from, position + from, (error, moved) => {
      if (error !== null) return done(errnoOf(error));
      const next = from + moved;
      if (moved === 0 && this.whole) return done(-EIO);
      if (moved === 0) buffer.fill(0, from);
      else if (next < buffer.length) return this.readLater(buffer, position, done, next);
      this.residency.add(position, buffer.length);
      done(buffer.length);
    });
  }

  private writeLater(bytes: Uint8Array, position: number, done: (result: number) => void, from = 0): void {
    this.calls.write(this.fd, bytes, from, bytes.length - from, position + from, (error, moved) => {
      if (error !== null) return done(errnoOf(error));
      const next = from + moved;
      if (moved === 0) return done(-EIO);
      if (next < bytes.length) return this.writeLater(bytes, position, done, next);
      this.grow(position + bytes.length);
      this.residency.add(position, bytes.length);
      done(bytes.length);
    });
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
