import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {basename, join} from 'node:path';
import type {IutSource} from '../iut/load.ts';
import {type KernelFiles, warmKernel} from './warm-kernel.ts';

/** Boots a kernel once for all checks. What it was saved to goes with this process. */
export const kernelSource = async (files: KernelFiles): Promise<Extract<IutSource, {kind: 'kernel'}>> => {
  const directory = mkdtempSync(join(tmpdir(), 'pvsim-conform-'));
  process.once('exit', () => rmSync(directory, {recursive: true, force: true}));
  const image = join(directory, 'kernel.warm');
  await warmKernel(files, image);
  return {kind: 'kernel', name: basename(files.kernel), image};
};
