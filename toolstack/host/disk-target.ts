import {isAbsolute, resolve} from 'node:path';
import type {DiskConfig} from '../config/index.ts';
import {ToolstackError} from '../errors.ts';
import {EXIT_CREATE_FAILED} from './hotplug.ts';

/** Formats of libxl that blkback's storage can open. */
const FORMATS: readonly string[] = ['raw', 'qcow2', 'vhd'];

/** What names no file: a RAM image, or an NBD server. */
export const isElsewhere = (target: string): boolean => /^(ram:|nbd(\+unix)?:\/\/)/.test(target);

/** Absolute path of the image; what names no file, and an empty drive, as it stands. */
export const diskTarget = (disk: DiskConfig, baseDir: string): string => {
  const target = nbdUri(disk) ?? disk.target ?? '';
  return target === '' || isElsewhere(target) || isAbsolute(target) ? target : resolve(baseDir, target);
};

/** What blkback's `params` node says of a disk whose target is that: the format before the path, if it is not raw. */
export const storageTarget = ({format}: DiskConfig, target: string): string =>
  format === 'raw' || format === 'empty' || isElsewhere(target) ? target : `${format}:${target}`;

/** What this host's backend does not serve, in one line. */
export const refuseForeignDisk = (disk: DiskConfig): void => {
  const refuse = (reason: string): never => {
    throw new ToolstackError('EINVAL', `libxl: error: Disk vdev=${disk.vdev}: ${reason}`, EXIT_CREATE_FAILED);
  };
  if (disk.format !== 'empty' && !FORMATS.includes(disk.format)) {
    refuse(`format ${disk.format} is not supported (${FORMATS.join(', ')} are)`);
  }
  const target = nbdUri(disk) ?? disk.target ?? '';
  if (target === '') refuse('an empty drive is not supported yet');
  if (isElsewhere(target) && disk.format !== 'raw') refuse(`${target} has no format: leave format=${disk.format} out`);
};

/** It would be another one, and empty, after each start of the driver domain's drivers. */
export const refuseRamDisk = ({vdev, backend}: DiskConfig, target: string): void => {
  if (!target.startsWith('ram:')) return;
  const reason = `Disk vdev=${vdev}: ${target}: a driver domain (backend=${backend ?? ''}) has no disks in memory`;
  throw new ToolstackError('EINVAL', `libxl: error: ${reason}`, EXIT_CREATE_FAILED);
};

/** xl reads `nbd://...` as the deprecated prefix for a script block-nbd. */
const nbdUri = ({script, target}: DiskConfig): string | undefined =>
  script === 'block-nbd' && target?.startsWith('//') === true ? `nbd:${target}` : undefined;
