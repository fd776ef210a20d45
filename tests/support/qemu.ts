import {execFileSync, spawnSync} from 'node:child_process';
import {readFileSync, rmSync} from 'node:fs';
import {realEnv} from './real.ts';

export const qemuImg = (...args: readonly string[]): string =>
  execFileSync('qemu-img', args, {encoding: 'utf8', env: realEnv, stdio: ['ignore', 'pipe', 'pipe']});

/** What `qemu-img check` says is wrong with a qcow2 image; '' when nothing is. */
export const qemuCheck = (path: string): string => {
  const {status, stdout, stderr} = spawnSync('qemu-img', ['check', '-f', 'qcow2', path], {
    encoding: 'utf8',
    env: realEnv,
  });
  return status === 0 ? '' : `exit ${status}\n${stdout}${stderr}`;
};

/** The disk in an image as QEMU reads it. */
export const qemuRead = (path: string, format: string): Buffer => {
  const raw = `${path}.as-raw`;
  qemuImg('convert', '-f', format, '-O', 'raw', path, raw);
  const bytes = readFileSync(raw);
  rmSync(raw);
  return bytes;
};
