import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {benchLinux, formatLinux} from '../linux/index.ts';
import {usage} from './usage.ts';
import {demandWritable, writeText} from './write-file.ts';

export interface LinuxCommand {
  /** Where `pvsim image build debian` has made its image. */
  readonly linux: string;
  readonly seed: number;
  /** File for the results, or "" for stdout in place of the table. */
  readonly json?: string;
}

/** `pvsim bench --linux` */
export const runLinuxBench = async ({linux: directory, seed, json}: LinuxCommand): Promise<void> => {
  if (!existsSync(join(directory, 'linux.cfg')))
    throw usage(`--linux ${directory}: no linux.cfg is there; "pvsim image build debian" makes it`);
  if (json) demandWritable(json);
  const progress = (line: string): void => void process.stderr.write(`${line} ...\n`);
  const {kernel, results} = await benchLinux({directory, seed, progress});
  const text = `${JSON.stringify({kernel, seed, results})}\n`;
  process.stdout.write(json === '' ? text : formatLinux(results, kernel));
  if (json) writeText(json, text);
};
