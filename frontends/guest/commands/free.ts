import {formatColumns} from '../format.ts';
import type {Command} from './command.ts';
import {parseOptions} from './options.ts';

const divisors = [
  {flag: 'b', bytes: 1},
  {flag: 'm', bytes: 1024 * 1024},
  {flag: 'k', bytes: 1024},
];

export const freeCommand: Command = {
  name: 'free',
  usage: '[-b|-k|-m]',
  help: 'shows memory, in KiB',
  run: (ctx, args) => {
    const {flags} = parseOptions(args, 'bkm');
    const unit = divisors.find(({flag}) => flags.has(flag))?.bytes ?? 1024;
    const {totalKib, freeKib} = ctx.machine.memory();
    const cells = [totalKib, totalKib - freeKib, freeKib].map((kib) => String(Math.floor((kib * 1024) / unit)));
    const rows = [['', 'total', 'used', 'free'].map((name) => name.padStart(11)), ['Mem:', ...cells]];
    ctx.printLines(formatColumns(rows, ['left', 'right', 'right', 'right']));
    return 0;
  },
};
