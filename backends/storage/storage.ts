import type {IoVector} from './io-vector.ts';

/** Unit of sizes and positions: every one is a multiple of it. @see blkif.h: protocol sectors are of 512 bytes */
export const SECTOR_BYTES = 512;

/** Result of an operation that goes on: its Completion is called later, from a task of its own. */
export const PENDING = -0x8000_0000;

/** Told the result of an operation that returned PENDING: what a call that ends at once would have returned. */
export interface Completion {
  complete(result: number): void;
}

/**
 * A disk image. Positions and lengths are bytes, multiples of SECTOR_BYTES, inside 0..sizeBytes: the caller has
 * checked them, and that a read-only image is not written.
 *
 * An operation returns what it did, -errno, or PENDING. It never throws and never does less than it was asked, discard
 * apart.
 */
export interface Storage {
  readonly sizeBytes: number;
  readonly readonly: boolean;
  /** Bytes of the unit that discard works in; 0 when the image cannot discard. */
  readonly discardGranularity: number;
  /** Fills the vector's memory from the image. Returns vector.lengthBytes. */
  read(vector: IoVector, position: number, completion: Completion): number;
  write(vector: IoVector, position: number, completion: Completion): number;
  /** Puts every write that has ended on stable storage, and enough of the file's metadata to read it back. Returns 0. */
  flush(completion: Completion): number;
  /** Clears a range. Returns the bytes done, 1..length: what is left is for a later task, as clearing can take long. */
  discard(position: number, length: number, completion: Completion): number;
  /** Looks at the image's size, which somebody may have changed: `sizeBytes` is right then. Absent where it never changes. */
  remeasure?(): void;
  /** Gives the image back; nothing is pending then. */
  close(): void;
  toString(): string;
}

/** Opens what a disk's `params` node names. May take its time. */
export type StorageOpener = (
  target: string,
  options: {readonly: boolean},
) => Storage | StorageError | Promise<Storage | StorageError>;

export type StorageErrorCode =
  'missing' | 'busy' | 'not-a-file' | 'bad-size' | 'access' | 'bad-target' | 'bad-format' | 'no-memory' | 'io';

/** Why an image could not be opened; the message names it and stands alone. */
export class StorageError extends Error {
  readonly code: StorageErrorCode;

  constructor(code: StorageErrorCode, message: string) {
    super(message);
    this.name = 'StorageError';
    this.code = code;
  }
}
