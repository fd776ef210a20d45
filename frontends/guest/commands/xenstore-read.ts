import {type Command, CommandError} from './command.ts';
import {parseOptions} from './options.ts';
import {printableValue} from './xenstore-text.ts';

export const xenstoreReadCommand: Command = {
  name: 'xenstore-read',
  usage: '[-p] PATH...',
  help: 'prints the values of nodes',
  details: ['  -p  with their paths'],
  run: async (ctx, args) => {
    const {flags, operands} = parseOptions(args, 'p');
    if (operands.length === 0) throw new CommandError('a path is needed');
    for (const path of operands) {
      const value = await ctx.wait(ctx.machine.xs.readBytes(path).catch(() => undefined));
      if (value === undefined) throw new CommandError(`couldn't read path ${path}`);
      ctx.print(`${flags.has('p') ? `${path}: ` : ''}${printableValue(value)}\n`);
    }
    return 0;
  },
};
