import {type FileHandle, open, rename, rm, stat} from 'node:fs/promises';
import {setImmediate} from 'node:timers/promises';
import {ToolstackError} from '../errors.ts';
import {strerror} from '../strerror.ts';

/** Where the parts of a saved domain go. */
export interface SaveTarget {
  /** Lets others take their turn, even if there is nothing to write. */
  write(bytes: Uint8Array): Promise<void>;
}

/**
 * Writes a file under another name and gives it its own when it is whole and on the disk: whatever happens before, there is
 * no file of that name, or the old one. Throws ToolstackError.
 */
export const writeWhole = async <T>(path: string, write: (target: SaveTarget) => Promise<T>): Promise<T> => {
  const unfinished = `${path}.unfinished`;
  if (underway.has(path)) throw cannotOpen(path, 'another domain is being saved to it');
  underway.add(path);
  try {
    return await writeAndRename(path, unfinished, write);
  } finally {
    underway.delete(path);
  }
};

/** Files that are being written. */
const underway = new Set<string>();

const writeAndRename = async <T>(
  path: string,
  unfinished: string,
  write: (target: SaveTarget) => Promise<T>,
): Promise<T> => {
  const file = await openFor(path, unfinished);
  try {
    const result = await write({write: (bytes) => writeAll(file, bytes)});
    await file.sync();
    await file.close();
    await rename(unfinished, path);
    return result;
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(unfinished, {force: true});
    throw asToolstackError(error, path);
  }
};

/** A device, a pipe or a directory of that name stays what it is. */
const openFor = async (path: string, unfinished: string): Promise<FileHandle> => {
  try {
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && !found.isFile()) throw new ToolstackError('EINVAL', 'not a file');
    return await open(unfinished, 'w', 0o600);
  } catch (error) {
    throw cannotOpen(path, error instanceof ToolstackError ? error.message : strerror(error as NodeJS.ErrnoException));
  }
};

const cannotOpen = (path: string, reason: string): ToolstackError =>
  new ToolstackError('EACCES', `Failed to open temp file ${path} for writing: ${reason}`);

const writeAll = async (file: FileHandle, bytes: Uint8Array): Promise<void> => {
  if (bytes.length === 0) await setImmediate();
  for (let at = 0; at < bytes.length;) at += (await file.write(bytes, at)).bytesWritten;
};

const asToolstackError = (error: unknown, path: string): unknown => {
  const failure = error as NodeJS.ErrnoException;
  if (error instanceof ToolstackError || failure.code === undefined) return error;
  return new ToolstackError(failure.code, `xc: error: Failed to write ${path}: ${strerror(failure)}`);
};
