import {statSync} from 'node:fs';
import {resolve} from 'node:path';
import {diskToJson, formatJson, parseDiskSpec} from '../config/index.ts';
import {ToolstackError} from '../errors.ts';
import type {Xl} from './command.ts';
import {findDomain} from './find-domain.ts';
import {EXIT_FAILURE} from './command.ts';

/** xl cd-insert and cd-eject: a drive is a disk whose devtype is cdrom. Other than the real xl, for any type of guest. */
export const changeMedium = async (xl: Xl, domain: string, vdev: string, target: string): Promise<number> => {
  const domid = await findDomain(xl, domain);
  const disk = parseDiskSpec([`vdev=${vdev},access=r,devtype=cdrom,target=${target}`]);
  if (target !== '' && statSync(resolve(xl.cwd, target), {throwIfNoEntry: false}) === undefined) {
    throw new ToolstackError('ENOENT', `Cannot stat file: ${target}`);
  }
  if (xl.dryRun) {
    xl.out(`disk: ${formatJson(diskToJson(disk))}\n`);
    return 0;
  }
  const client = await xl.client();
  try {
    await client.call('disk.change', {domid, disk, baseDir: xl.cwd});
    return 0;
  } catch (error) {
    if (!(error instanceof ToolstackError)) throw error;
    xl.complain(error.message);
    return EXIT_FAILURE;
  }
};
