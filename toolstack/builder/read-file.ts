import {readFile, stat} from 'node:fs/promises';
import {strerror} from '../strerror.ts';
import {KernelFormatError} from './elf.ts';

/** No guest has memory for more. */
const MAX_BYTES = 2 ** 31;

/** What can be said of a path before it is read: a pipe or a terminal would keep us for ever. Throws KernelFormatError. */
export const checkRegular = async (path: string): Promise<{sizeBytes: number; mtimeMs: number}> => {
  const {size, mtimeMs, isFile} = await explained(async () => {
    const stats = await stat(path);
    if (stats.isDirectory()) throw new KernelFormatError('Is a directory', 'EISDIR');
    return {size: stats.size, mtimeMs: stats.mtimeMs, isFile: stats.isFile()};
  });
  if (!isFile) throw new KernelFormatError('not a regular file');
  if (size > MAX_BYTES) throw new KernelFormatError(`${size} bytes are more than any guest has memory`);
  return {sizeBytes: size, mtimeMs};
};

/** A kernel's or ramdisk's bytes. Throws KernelFormatError. */
export const readRegular = async (path: string): Promise<Buffer> => {
  await checkRegular(path);
  return explained(() => readFile(path));
};

const explained = async <T>(read: () => Promise<T>): Promise<T> => {
  try {
    return await read();
  } catch (error) {
    if (error instanceof KernelFormatError) throw error;
    const {code = 'EIO'} = error as NodeJS.ErrnoException;
    throw new KernelFormatError(strerror(error as NodeJS.ErrnoException), code);
  }
};
