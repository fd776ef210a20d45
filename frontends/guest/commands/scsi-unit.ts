import type {ScsiDevice} from '../scsi/index.ts';
import {CommandError} from './command.ts';
import type {CommandContext} from './context.ts';

/** The unit behind a device of /dev: a driver's, or a generic one. CommandError without. */
export const findScsiUnit = ({machine: {scsi}}: CommandContext, path: string | undefined): ScsiDevice => {
  if (path === undefined) throw new CommandError('a device is needed');
  const device = scsi.find(path.replace(/^\/dev\/(n(?=st))?/, ''));
  if (device === undefined) throw new CommandError(`${path}: No such file or directory`);
  return device;
};
