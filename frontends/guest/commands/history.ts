import type {Command} from './command.ts';

export const historyCommand: Command = {
  name: 'history',
  usage: '',
  help: 'lists the lines typed so far',
  run: (ctx) => {
    ctx.printLines(ctx.history.map((line, i) => `${String(i + 1).padStart(5)}  ${line}`));
    return 0;
  },
};
