import type {Command} from './command.ts';

export const crashCommand: Command = {
  name: 'crash',
  usage: '[REASON...]',
  help: 'crashes the domain',
  run: (ctx, args) => {
    ctx.machine.panic(args.length > 0 ? args.join(' ') : 'crash was asked for');
    return 1;
  },
};
