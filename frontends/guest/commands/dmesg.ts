import type {Command} from './command.ts';
import {parseOptions} from './options.ts';

export const dmesgCommand: Command = {
  name: 'dmesg',
  usage: '[-c]',
  help: "prints the kernel's messages",
  details: ['  -c  forgets them afterwards'],
  run: async (ctx, args) => {
    const {flags} = parseOptions(args, 'c');
    const {log} = ctx.machine;
    for (const line of log.lines) {
      ctx.print(`${line}\n`);
      await ctx.room();
    }
    if (flags.has('c')) log.clear();
    return 0;
  },
};
