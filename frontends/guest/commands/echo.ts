import type {Command} from './command.ts';

export const echoCommand: Command = {
  name: 'echo',
  usage: '[-n] [WORD...]',
  help: 'prints its arguments',
  run: (ctx, args) => {
    const isBare = args[0] === '-n';
    ctx.print(`${(isBare ? args.slice(1) : args).join(' ')}${isBare ? '' : '\n'}`);
    return 0;
  },
};
