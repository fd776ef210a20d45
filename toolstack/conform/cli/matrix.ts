import {readFileSync, writeFileSync} from 'node:fs';
import {ToolstackError} from '../../errors.ts';
import {type MatrixFormat, matrixFormats, joinReports, parseSavedReports} from '../report/index.ts';

const EXIT_USAGE = 2;

export interface MatrixCommand {
  /** Files of `pvsim conform run --format json`. */
  readonly reports: readonly string[];
  readonly format: MatrixFormat;
  /** File for the matrix, in place of stdout. */
  readonly out?: string;
}

/** `pvsim conform matrix` */
export const printMatrix = ({reports, format, out}: MatrixCommand): void => {
  const saved = reports.flatMap((file) => parseSavedReports(file, read(file)));
  const text = matrixFormats[format](joinReports(saved));
  if (out === undefined) process.stdout.write(text);
  else writeFileSync(out, text);
};

const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ToolstackError('ENOENT', `pvsim: ${(error as Error).message}`, EXIT_USAGE);
  }
};
