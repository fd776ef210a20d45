import {errnoOf} from '../errors.ts';
import {type Command, CommandError} from './command.ts';
import {parseOptions} from './options.ts';

export const xenstoreWriteCommand: Command = {
  name: 'xenstore-write',
  usage: 'PATH VALUE [PATH VALUE...]',
  help: 'sets nodes',
  run: async (ctx, args) => {
    const {operands} = parseOptions(args, '');
    if (operands.length === 0 || operands.length % 2 !== 0)
      throw new CommandError('paths and values are needed in pairs');
    for (let i = 0; i < operands.length; i += 2) {
      try {
        await ctx.wait(ctx.machine.xs.write(operands[i], operands[i + 1]));
      } catch (error) {
        if (errnoOf(error) === undefined) throw error;
        throw new CommandError(`could not write path ${operands[i]}`);
      }
    }
    return 0;
  },
};
