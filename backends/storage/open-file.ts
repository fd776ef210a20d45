import {type BigIntStats, closeSync, constants, fstatSync, openSync} from 'node:fs';
import type {FileCalls} from './file-io.ts';
import {type Clock, ImageFile} from './image-file.ts';
import type {ImageLock, ImageLocks} from './image-locks.ts';
import {openQcow2} from './qcow2/index.ts';
import {RawFile} from './raw-file.ts';
import {SECTOR_BYTES, type Storage, StorageError, type StorageErrorCode} from './storage.ts';
import {openVhd} from './vhd/index.ts';

export type ImageFormat = 'raw' | 'qcow2' | 'vhd';

export interface OpenFileOptions {
  format: ImageFormat;
  readonly: boolean;
  locks: ImageLocks;
  clock?: Clock;
  calls?: FileCalls;
}

/** Images of one chain. */
const MAX_CHAIN = 64;

/** Names that QEMU writes into images. */
const formatNames: Readonly<Record<string, ImageFormat | undefined>> = {
  raw: 'raw',
  qcow2: 'qcow2',
  vpc: 'vhd',
  vhd: 'vhd',
};

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

export const refuse = (code: StorageErrorCode, path: string, why: string = wordsFor[code]): StorageError =>
  new StorageError(code, `${path}: ${why}`);

const closings = new Set<Promise<void>>();

/** Resolves when all images that were closed have been given back, with all that they knew written to their files. */
export const imagesClosed = async (): Promise<void> => {
  while (closings.size > 0) await Promise.all(closings);
};

/** Opens an image file and what it is based on; the others of the chain are only read. */
export const openFile = (path: string, options: OpenFileOptions): Promise<Storage | StorageError> =>
  openLink(path, options, []);

/** A file of a chain: which one it is, and its lock. */
interface Link {
  readonly key: string;
  readonly lock: ImageLock;
}

/** Adds a file to a chain: what is in it already is based on this one. */
const openLink = async (path: string, options: OpenFileOptions, chain: Link[]): Promise<Storage | StorageError> => {
  let fd: number;
  try {
    // Without O_NONBLOCK a FIFO would stop the whole host.
    fd = openSync(path, (options.readonly ? constants.O_RDONLY : constants.O_RDWR) | constants.O_NONBLOCK);
  } catch (error) {
    return refuseError(path, error);
  }
  const stats = fstatSync(fd, {bigint: true});
  const wrong = faultOf(path, stats, chain);
  const key = keyOf(stats);
  const how = {readonly: options.readonly, atOnce: options.clock === undefined};
  const lock = wrong === undefined ? await options.locks.acquire(key, fd, how) : undefined;
  if (lock === undefined) {
    closeSync(fd);
    return wrong ?? refuse('busy', path, 'in use by another disk');
  }
  const {readonly, clock, calls, format} = options;
  const whole = format === 'raw' && chain.length === 0;
  const file = new ImageFile({fd, path, readonly, sizeBytes: Number(stats.size), clock, whole, calls});
  chain.push({key, lock});
  const storage = await openFormat(file, options, chain);
  if (storage instanceof StorageError) {
    closeSync(fd);
    lock.release();
  }
  return storage;
};

const faultOf = (path: string, stats: BigIntStats, chain: readonly Link[]): StorageError | undefined => {
  if (!stats.isFile()) return refuse('not-a-file', path);
  if (chain.some(({key}) => key === keyOf(stats))) return refuse('bad-format', path, 'a loop: it is based on itself');
  return chain.length >= MAX_CHAIN ? refuse('bad-format', path, `more than ${MAX_CHAIN} images in a chain`) : undefined;
};

export const keyOf = ({dev, ino}: BigIntStats): string => `${dev}:${ino}`;

const openFormat = async (
  file: ImageFile,
  options: OpenFileOptions,
  chain: Link[],
): Promise<Storage | StorageError> => {
  const index = chain.length - 1;
  const {lock} = chain[index];
  const onClose = (closed: Promise<void>): void => {
    const released = closed.then(() => {
      lock.release();
      closings.delete(released);
    });
    closings.add(released);
    // What it is based on is let go of after it.
    for (const link of chain.slice(index)) link.lock.closingUntil(released);
  };
  const openBase = (path: string, format: ImageFormat): Promise<Storage | StorageError> =>
    openLink(path, {...options, format, readonly: true}, chain);
  const openBacking = async (path: string, name: string): Promise<Storage | StorageError> => {
    const format = formatNames[name];
    return format === undefined
      ? refuse('bad-format', path, `backing format "${name}" is not supported (raw, qcow2 and vpc are)`)
      : openBase(path, format);
  };
  try {
    if (options.format === 'qcow2') return await openQcow2(file, {openBacking, onClose});
    if (options.format === 'vhd') return await openVhd(file, {openParent: (path) => openBase(path, 'vhd'), onClose});
  } catch (error) {
    return refuseError(file.path, error);
  }
  // The base of another image may end anywhere.
  const sizeBytes = index > 0 ? Math.ceil(file.sizeBytes / SECTOR_BYTES) * SECTOR_BYTES : file.sizeBytes;
  return new RawFile(file, {sizeBytes, onClose});
};

export const refuseError = (path: string, error: unknown): StorageError => {
  const name = error instanceof Error && 'code' in error ? String(error.code) : 'EIO';
  const code = codeOf[name] ?? 'io';
  return refuse(code, path, wordsFor[code] ?? name);
};
