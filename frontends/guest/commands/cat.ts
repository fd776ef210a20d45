import {openFile} from '../files.ts';
import {attempt} from './attempt.ts';
import {type Command, CommandError} from './command.ts';
import {parseOptions} from './options.ts';

const CHUNK_BYTES = 4096;

export const catCommand: Command = {
  name: 'cat',
  usage: 'FILE...',
  help: 'prints files and devices',
  details: [
    '  /proc/interrupts, /proc/cmdline, /proc/meminfo, /proc/uptime, /proc/partitions, /proc/net/arp, /dev/xvda ...',
  ],
  run: async (ctx, args) => {
    const {operands} = parseOptions(args, '');
    if (operands.length === 0) throw new CommandError('there is no standard input: a file is needed');
    for (const path of operands) {
      const file = await attempt(path, openFile(ctx.machine, path));
      const isText = path.startsWith('/proc/');
      for (let offset = 0; ;) {
        const bytes = await attempt(path, ctx.wait(file.read(offset, CHUNK_BYTES)));
        if (bytes.length === 0) break;
        offset += bytes.length;
        if (isText) ctx.print(new TextDecoder().decode(bytes));
        else ctx.write(bytes);
        await ctx.room();
        await ctx.pause();
      }
      await attempt(path, file.close());
    }
    return 0;
  },
};
