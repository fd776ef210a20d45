import {type BigIntStats, closeSync, constants, fstatSync, openSync} from 'node:fs';
import {ImageLocks} from './image-locks.ts';
import {RamImage} from './ram-image.ts';
import {RawFile} from './raw-file.ts';
import {SECTOR_BYTES, type Storage, StorageError, type StorageErrorCode} from './storage.ts';

export interface OpenOptions {
  readonly: boolean;
  /** Images that others have open; those of the whole process by default, whatever hosts it runs. */
  locks?: ImageLocks;
}

const processLocks = new ImageLocks();

/** What fits into one ArrayBuffer on every machine. */
const MAX_RAM_BYTES = 2 ** 32;

const unitBytes: Record<string, number> = {'': 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30};

const codeOf: Record<string, StorageErrorCode> = {
  ENOENT: 'missing',
  ENOTDIR: 'missing',
  EACCES: 'access',
  EPERM: 'access',
  EROFS: 'access',
  EISDIR: 'not-a-file',
  ENXIO: 'not-a-file',
};

const wordsFor: Record<string, string> = {
  missing: 'No such file or directory',
  access: 'Permission denied',
  'not-a-file': 'Not a regular file',
};

const refuse = (code: StorageErrorCode, target: string, why: string = wordsFor[code]): StorageError =>
  new StorageError(code, `${target}: ${why}`);

/**
 * Opens an image: the path of a raw file, or `ram:SIZE` with SIZE in bytes or with a suffix k, m or g. Each open of a
 * RAM image is a disk of its own.
 */
export const openStorage = (target: string, options: OpenOptions): Storage | StorageError => {
  const ram = /^ram:(.*)$/s.exec(target);
  return ram === null ? openRaw(target, options) : openRam(target, ram[1], options.readonly);
};

const openRam = (target: string, size: string, readonly: boolean): Storage | StorageError => {
  const [, digits, unit] = /^(\d{1,15})([kmg]?)$/i.exec(size) ?? [];
  if (digits === undefined) return refuse('bad-target', target, 'the size has to be a number with k, m or g behind it');
  const bytes = Number(digits) * unitBytes[unit.toLowerCase()];
  const wrong = sizeFault(bytes);
  if (wrong !== undefined) return refuse('bad-size', target, wrong);
  if (bytes > MAX_RAM_BYTES) return refuse('bad-size', target, 'larger than 4 GiB');
  try {
    return new RamImage(bytes, readonly);
  } catch {
    return refuse('no-memory', target, 'Cannot allocate memory');
  }
};

const openRaw = (path: string, {readonly, locks = processLocks}: OpenOptions): Storage | StorageError => {
  let fd: number;
  try {
    // Without O_NONBLOCK a FIFO would stop the whole host.
    fd = openSync(path, (readonly ? constants.O_RDONLY : constants.O_RDWR) | constants.O_NONBLOCK);
  } catch (error) {
    return refuseOpen(path, error);
  }
  const stats = fstatSync(fd, {bigint: true});
  const opened = takeFile(fd, path, stats, readonly, locks);
  if (opened instanceof StorageError) closeSync(fd);
  return opened;
};

const takeFile = (
  fd: number,
  path: string,
  stats: BigIntStats,
  readonly: boolean,
  locks: ImageLocks,
): Storage | StorageError => {
  if (!stats.isFile()) return refuse('not-a-file', path);
  const sizeBytes = Number(stats.size);
  const wrong = sizeFault(sizeBytes);
  if (wrong !== undefined) return refuse('bad-size', path, wrong);
  const release = locks.acquire(`${stats.dev}:${stats.ino}`, readonly);
  if (release === undefined) return refuse('busy', path, 'in use by another disk');
  return new RawFile({fd, path, sizeBytes, readonly, onClose: release});
};

const refuseOpen = (path: string, error: unknown): StorageError => {
  const name = error instanceof Error && 'code' in error ? String(error.code) : 'EIO';
  const code = codeOf[name] ?? 'io';
  return refuse(code, path, wordsFor[code] ?? name);
};

const sizeFault = (bytes: number): string | undefined => {
  if (bytes === 0) return 'empty';
  if (!Number.isSafeInteger(bytes)) return 'too large';
  return bytes % SECTOR_BYTES === 0 ? undefined : `${bytes} bytes are not whole sectors of ${SECTOR_BYTES}`;
};
