import {errnoOf} from './io-error.ts';
import {type ImageFile} from './image-file.ts';
import type {IoVector} from './io-vector.ts';
import {punchHole} from './punch-hole.ts';
import {type Completion, PENDING, SECTOR_BYTES, type Storage} from './storage.ts';

/** A discard by hand is done in steps of this size, so that clearing a large range does not hold up the host. */
const CLEAR_STEP_BYTES = 1 << 20;
/** From here on a hole is worth a process. */
const PUNCH_MIN_BYTES = 1 << 20;
const PUNCH_STEP_BYTES = 2 ** 30;
/** Unit in which a discard looks for data. */
const ZERO_BLOCK_BYTES = 65536;
/** What it reports as granularity: the block of most file systems. */
const BLOCK_BYTES = 4096;

const zeroes = Buffer.alloc(ZERO_BLOCK_BYTES);

/** What is behind a raw image: a whole file, or a part of one. */
export interface RawOptions {
  /** Bytes of the disk; those of the file by default. */
  sizeBytes?: number;
  onClose: (closed: Promise<void>) => void;
}

/**
 * An image that holds the disk's bytes and nothing else, from the start of a file on.
 *
 * Discard leaves holes where the range is large and util-linux can punch them; elsewhere it writes zeroes, but only
 * where there is data, so that holes stay.
 */
export class RawFile implements Storage {
  sizeBytes: number;
  readonly readonly: boolean;
  readonly discardGranularity = BLOCK_BYTES;
  private readonly isWhole: boolean;
  private readonly file: ImageFile;
  private readonly onClose: (closed: Promise<void>) => void;
  private canPunch: boolean;

  /** Takes over the open file; `onClose` gets the promise of its end. */
  constructor(file: ImageFile, {sizeBytes = file.sizeBytes, onClose}: RawOptions) {
    this.file = file;
    this.sizeBytes = sizeBytes;
    this.isWhole = sizeBytes === file.sizeBytes;
    this.readonly = file.readonly;
    this.onClose = onClose;
    this.canPunch = file.workers;
  }

  read(vector: IoVector, position: number, completion: Completion): number {
    return this.file.read(vector, position, completion);
  }

  write(vector: IoVector, position: number, completion: Completion): number {
    return this.file.write(vector, position, completion);
  }

  flush(completion: Completion): number {
    return this.file.flush(completion);
  }

  discard(position: number, length: number, completion: Completion): number {
    this.clear(position, length).then(
      (bytes) => completion.complete(bytes),
      (error: unknown) => completion.complete(errnoOf(error)),
    );
    return PENDING;
  }

  /** A disk is as long as its file, in whole sectors; a part of a file stays what it is. */
  remeasure(): void {
    if (!this.isWhole) return;
    this.file.remeasure();
    this.sizeBytes = this.file.sizeBytes - (this.file.sizeBytes % SECTOR_BYTES);
  }

  close(): void {
    this.onClose(this.file.close());
  }

  toString(): string {
    return `${String(this.file)}, raw, ${this.sizeBytes} bytes`;
  }

  private async clear(position: number, length: number): Promise<number> {
    const hole = Math.min(length, PUNCH_STEP_BYTES);
    if (this.canPunch && hole >= PUNCH_MIN_BYTES && !this.readonly) {
      this.canPunch = await punchHole(this.file.fd, position, hole);
      if (this.canPunch) return hole;
    }
    const step = Math.min(length, CLEAR_STEP_BYTES);
    for (let done = 0; done < step; done += ZERO_BLOCK_BYTES) {
      await this.clearBlock(position + done, Math.min(ZERO_BLOCK_BYTES, step - done));
    }
    return step;
  }

  private async clearBlock(position: number, length: number): Promise<void> {
    const held = await this.file.readBytes(position, length);
    const nothing = zeroes.subarray(0, length);
    if (!held.equals(nothing)) await this.file.writeBytes(position, nothing);
  }
}
