import {RamImage} from './ram-image.ts';
import type {FileCalls} from './file-io.ts';
import type {Clock} from './image-file.ts';
import {ImageLocks} from './image-locks.ts';
import {openNbd} from './nbd/index.ts';
import {openFile} from './open-file.ts';
import {SECTOR_BYTES, type Storage, StorageError} from './storage.ts';

export interface OpenOptions {
  readonly: boolean;
  /** Images that others have open; those of the whole process, and of other processes, by default. */
  locks?: ImageLocks;
  /**
   * The machine's clock: what has to wait for a disk is left to worker threads then. Without one every operation of a
   * file ends before it could be waited for, as virtual time needs.
   */
  clock?: Clock;
  /** In place of node:fs, for tests. */
  calls?: FileCalls;
}

export const processLocks = new ImageLocks({acrossProcesses: true});

/** What fits into one ArrayBuffer on every machine. */
const MAX_RAM_BYTES = 2 ** 32;

const unitBytes: Record<string, number> = {'': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30};

/**
 * Opens an image: the path of a raw file, `qcow2:PATH`, `vhd:PATH`, an NBD URI, or `ram:SIZE` with SIZE in bytes or with a
 * suffix k, m or g. Formats are never guessed. Each open of a RAM image is a disk of its own.
 */
export const openStorage = async (target: string, options: OpenOptions): Promise<Storage | StorageError> => {
  const storage = await openTarget(target, options);
  if (storage instanceof StorageError) return storage;
  const wrong = sizeFault(storage.sizeBytes);
  if (wrong === undefined) return storage;
  storage.close();
  return new StorageError('bad-size', `${target}: ${wrong}`);
};

const openTarget = async (target: string, options: OpenOptions): Promise<Storage | StorageError> => {
  const [, scheme, rest] = /^(ram|qcow2|vhd|nbd|nbd\+unix):(.*)$/s.exec(target) ?? [];
  if (scheme === 'ram') return openRam(target, rest, options.readonly);
  const locks = options.locks ?? processLocks;
  if (scheme === undefined) return openFile(target, {...options, format: 'raw', locks});
  if (scheme === 'qcow2' || scheme === 'vhd') return openFile(rest, {...options, format: scheme, locks});
  return options.clock === undefined
    ? new StorageError('bad-target', `${target}: an NBD server cannot be used in virtual time`)
    : openNbd(target, options.readonly, options.clock);
};

const openRam = (target: string, size: string, readonly: boolean): Storage | StorageError => {
  const refuse = (code: 'bad-target' | 'bad-size' | 'no-memory', why: string): StorageError =>
    new StorageError(code, `${target}: ${why}`);
  const [, digits, unit] = /^(\d{1,15})([kmg]?)$/i.exec(size) ?? [];
  if (digits === undefined) return refuse('bad-target', 'the size has to be a number with k, m or g behind it');
  const bytes = Number(digits) * unitBytes[unit.toLowerCase()];
  const wrong = sizeFault(bytes);
  if (wrong !== undefined) return refuse('bad-size', wrong);
  if (bytes > MAX_RAM_BYTES) return refuse('bad-size', 'larger than 4 GiB');
  try {
    return new RamImage(bytes, readonly);
  } catch {
    return refuse('no-memory', 'Cannot allocate memory');
  }
};

const sizeFault = (bytes: number): string | undefined => {
  if (bytes === 0) return 'empty';
  if (!Number.isSafeInteger(bytes)) return 'too large';
  return bytes % SECTOR_BYTES === 0 ? undefined : `${bytes} bytes are not whole sectors of ${SECTOR_BYTES}`;
};
