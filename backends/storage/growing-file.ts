import {constants, fstatSync, ftruncate, ftruncateSync, openSync, closeSync} from 'node:fs';
import {promisify} from 'node:util';
import type {FileCalls} from './file-io.ts';
import {type Clock, ImageFile} from './image-file.ts';
import type {ImageLock, ImageLocks} from './image-locks.ts';
import type {IoVector} from './io-vector.ts';
import {processLocks} from './open.ts';
import {keyOf, refuse, refuseError} from './open-file.ts';
import type {Completion, StorageError} from './storage.ts';

const truncateLater = promisify(ftruncate);

export interface GrowingFileOptions {
  readonly: boolean;
  /** Makes an empty file where there is none. */
  create?: boolean;
  /** As for images: given, worker threads wait for the disk. */
  clock?: Clock;
  locks?: ImageLocks;
  calls?: FileCalls;
}

/** A file that becomes longer as it is written, and can be cut off: what a tape is on. What returns a promise throws an error with an `errno`. */
export class GrowingFile {
  readonly path: string;
  readonly readonly: boolean;
  private readonly file: ImageFile;
  private readonly lock: ImageLock;
  private length: number;

  private constructor(file: ImageFile, lock: ImageLock) {
    this.file = file;
    this.lock = lock;
    this.path = file.path;
    this.readonly = file.readonly;
    this.length = file.sizeBytes;
  }

  /** One writer, or any number of readers, as for images. */
  static async open(path: string, options: GrowingFileOptions): Promise<GrowingFile | StorageError> {
    const {readonly, create = false, clock, calls, locks = processLocks} = options;
    const flags = (readonly ? constants.O_RDONLY : constants.O_RDWR) | (create ? constants.O_CREAT : 0);
    let fd: number;
    try {
      fd = openSync(path, flags | constants.O_NONBLOCK);
    } catch (error) {
      return refuseError(path, error);
    }
    const stats = fstatSync(fd, {bigint: true});
    const lock = stats.isFile()
      ? await locks.acquire(keyOf(stats), fd, {readonly, atOnce: clock === undefined})
      : undefined;
    if (lock === undefined) {
      closeSync(fd);
      return stats.isFile() ? refuse('busy', path, 'in use by another device') : refuse('not-a-file', path);
    }
    const file = new ImageFile({fd, path, readonly, sizeBytes: Number(stats.size), clock, calls});
    return new GrowingFile(file, lock);
  }

  get sizeBytes(): number {
    return this.length;
  }

  /** Fills a vector, as Storage.read does; the file has to be that long. */
  readVector(vector: IoVector, position: number, completion: Completion): number {
    return this.file.read(vector, position, completion);
  }

  /** The bytes of a range; fewer where the file ends. */
  read(position: number, length: number): Promise<Buffer> {
    return this.file.readBytes(position, Math.max(0, Math.min(length, this.length - position)));
  }

  async write(position: number, bytes: Uint8Array): Promise<void> {
    if (this.appendNow(position, [bytes], bytes.length)) return;
    await this.file.writeBytes(position, bytes);
    this.length = Math.max(this.length, position + bytes.length);
  }

  /** Writes pieces at the end, if nobody has to wait for the disk then; says whether all of them are written. */
  appendNow(position: number, views: readonly Uint8Array[], lengthBytes: number): boolean {
    if (position !== this.length || !this.file.appendNow(views, lengthBytes, position)) return false;
    this.length += lengthBytes;
    return true;
  }

  async truncate(length: number): Promise<void> {
    if (this.file.workers) await truncateLater(this.file.fd, length);
    else ftruncateSync(this.file.fd, length);
    this.length = length;
  }

  /** Puts what was written on stable storage. */
  sync(): Promise<void> {
    return this.file.sync();
  }

  async close(): Promise<void> {
    const closed = this.file.close();
    this.lock.closingUntil(closed);
    await closed;
    this.lock.release();
  }

  toString(): string {
    return String(this.file);
  }
}
