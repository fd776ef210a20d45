import {readFileSync} from 'node:fs';
import {ToolstackError} from '../errors.ts';

/** A file's bytes, one a character. */
export const readText = (path: string): string => {
  try {
    return readFileSync(path, 'latin1');
  } catch (error) {
    const {code = 'EIO'} = error as NodeJS.ErrnoException;
    throw new ToolstackError(code, `pvsim: ${path}: ${code}`);
  }
};
