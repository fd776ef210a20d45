import {execFileSync} from 'node:child_process';
import {existsSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import type {BenchRow} from './row.ts';

/** Real Linux guests, where `pvsim image build debian` has made one: in PVSIM_TEST_DEBIAN, or in ./debian as by default. */
export const benchLinux = (): BenchRow[] => {
  const directory = resolve(process.env.PVSIM_TEST_DEBIAN ?? 'debian');
  if (!existsSync(join(directory, 'linux.cfg'))) {
    console.error(`linux: skipped, as there is no guest in ${directory}; pvsim image build debian makes one`);
    return [];
  }
  const measure = fileURLToPath(new URL('linux-guests.js', import.meta.url));
  const output = execFileSync(process.execPath, [measure, directory], {encoding: 'utf8'});
  return JSON.parse(output) as BenchRow[];
};
