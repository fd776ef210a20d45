import {mkdtempSync, rmSync, statSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {IutSource} from '../iut/load.ts';
import {type KernelFiles, warmKernel} from './warm-kernel.ts';

/** The files of a directory that `pvsim image build` wrote. */
const withImage = ({kernel, initrd, ...rest}: KernelFiles): KernelFiles =>
  statSync(kernel, {throwIfNoEntry: false})?.isDirectory() === true
    ? {kernel: join(kernel, 'vmlinuz'), initrd: initrd ?? join(kernel, 'initrd.img'), ...rest}
    : {kernel, initrd, ...rest};

/** Boots a kernel once for all checks. What it was saved to goes with this process. */
export const kernelSource = async (files: KernelFiles): Promise<Extract<IutSource, {kind: 'kernel'}>> => {
  const directory = mkdtempSync(join(tmpdir(), 'pvsim-conform-'));
  process.once('exit', () => rmSync(directory, {recursive: true, force: true}));
  const image = join(directory, 'kernel.warm');
  return {kind: 'kernel', name: await warmKernel(withImage(files), image), image};
};
