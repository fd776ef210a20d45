import {formatColumns, formatSize} from '../format.ts';
import {deviceNumber} from '../proc.ts';
import type {Command} from './command.ts';
import {parseOptions} from './options.ts';

export const lsblkCommand: Command = {
  name: 'lsblk',
  usage: '[-b]',
  help: 'lists the disks',
  details: ['  -b  sizes in bytes'],
  run: (ctx, args) => {
    const {flags} = parseOptions(args, 'b');
    const rows = ctx.machine.blocks.list.map((disk) => {
      const {name, sizeBytes, readonly} = disk;
      const {major, minor} = deviceNumber(disk);
      const size = flags.has('b') ? String(sizeBytes) : formatSize(sizeBytes);
      return [name, `${major}:${minor}`.padEnd(7), '0', size, readonly ? '1' : '0', 'disk'];
    });
    const header = ['NAME', 'MAJ:MIN', 'RM', 'SIZE', 'RO', 'TYPE'];
    ctx.printLines(formatColumns([header, ...rows], ['left', 'right', 'right', 'right', 'right', 'left']));
    return 0;
  },
};
