import {readFileSync, writeFileSync} from 'node:fs';
import {ToolstackError} from '../../errors.ts';
import {type ConformReport, joinReports, type MatrixFormat, matrixFormats, parseSavedReports} from '../report/index.ts';

const EXIT_USAGE = 2;

export interface MatrixCommand {
  /** Files of `pvsim conform run --format json`; NAME=FILE calls the implementation so. */
  readonly reports: readonly string[];
  readonly format: MatrixFormat;
  /** File for the matrix, in place of stdout. */
  readonly out?: string;
}

/** `pvsim conform matrix` */
export const printMatrix = ({reports, format, out}: MatrixCommand): void => {
  const saved = reports.flatMap(savedIn);
  const text = matrixFormats[format](joinReports(saved));
  if (out === undefined) process.stdout.write(text);
  else writeFileSync(out, text);
};

const savedIn = (argument: string): ConformReport[] => {
  const [, name, file] = /^(?:([^=/]+)=)?(.*)$/s.exec(argument)!;
  return parseSavedReports(file, read(file)).map((report) => ({...report, iut: name ?? report.iut}));
};

const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ToolstackError('ENOENT', `pvsim: ${(error as Error).message}`, EXIT_USAGE);
  }
};
