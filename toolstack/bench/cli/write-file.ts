import {accessSync, constants, writeFileSync} from 'node:fs';
import {dirname, resolve} from 'node:path';
import {ToolstackError} from '../../errors.ts';
import {usage} from './usage.ts';

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? String(error);

/** Before minutes go into what cannot be written. */
export const demandWritable = (file: string): void => {
  try {
    accessSync(dirname(resolve(file)), constants.W_OK);
  } catch (error) {
    throw usage(`${file}: ${codeOf(error)}`);
  }
};

export const writeText = (file: string, text: string): void => {
  try {
    writeFileSync(file, text);
  } catch (error) {
    throw new ToolstackError('EIO', `pvsim bench: ${file}: ${codeOf(error)}`);
  }
};
