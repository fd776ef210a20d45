import {type Command, CommandError} from './command.ts';
import {parseOptions} from './options.ts';

export const xenstoreListCommand: Command = {
  name: 'xenstore-list',
  usage: '[-p] PATH...',
  help: "prints the names of a node's children",
  details: ['  -p  with their paths'],
  run: async (ctx, args) => {
    const {flags, operands} = parseOptions(args, 'p');
    if (operands.length === 0) throw new CommandError('a path is needed');
    for (const path of operands) {
      const names = await ctx.wait(ctx.machine.xs.directory(path).catch(() => undefined));
      if (names === undefined) throw new CommandError(`could not list path ${path}`);
      for (const name of names) {
        ctx.print(`${flags.has('p') ? `${path}/` : ''}${name}\n`);
        await ctx.room();
      }
    }
    return 0;
  },
};
