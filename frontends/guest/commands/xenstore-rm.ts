import {errnoOf} from '../errors.ts';
import {type Command, CommandError} from './command.ts';
import {parseOptions} from './options.ts';

export const xenstoreRmCommand: Command = {
  name: 'xenstore-rm',
  usage: 'PATH...',
  help: 'removes nodes and all below them',
  run: async (ctx, args) => {
    const {operands} = parseOptions(args, '');
    if (operands.length === 0) throw new CommandError('a path is needed');
    for (const path of operands) {
      try {
        await ctx.wait(ctx.machine.xs.rm(path));
      } catch (error) {
        if (errnoOf(error) === undefined) throw error;
        throw new CommandError(`could not remove path ${path}`);
      }
    }
    return 0;
  },
};
