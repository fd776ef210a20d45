import {NS_PER_S} from '../../../hypervisor/schedule/index.ts';
import {type Command, CommandError} from './command.ts';

const secondsOf: Readonly<Record<string, number>> = {'': 1, s: 1, m: 60, h: 3600, d: 86400};

export const sleepCommand: Command = {
  name: 'sleep',
  usage: 'SECONDS',
  help: 'waits; also 1.5, 2m, 1h',
  run: async (ctx, args) => {
    const match = /^(\d+(?:\.\d*)?|\.\d+)([smhd]?)$/.exec(args[0] ?? '');
    if (match === null) throw new CommandError(`invalid time interval '${args[0] ?? ''}'`);
    await ctx.sleep(Number(match[1]) * secondsOf[match[2]] * NS_PER_S);
    return 0;
  },
};
