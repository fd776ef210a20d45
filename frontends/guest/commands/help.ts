import {formatColumns} from '../format.ts';
import {type Command, CommandError} from './command.ts';
import type {CommandContext} from './context.ts';

const usageLine = ({name, usage}: Command): string => `usage: ${name}${usage === '' ? '' : ` ${usage}`}`;

const explain = (ctx: CommandContext, name: string): void => {
  const command = ctx.commands.get(name);
  if (command === undefined) throw new CommandError(`no help for '${name}': no such command`);
  ctx.printLines([usageLine(command), command.help, ...(command.details ?? [])]);
};

export const helpCommand: Command = {
  name: 'help',
  usage: '[COMMAND]',
  help: 'lists the commands, or explains one',
  run: (ctx, args) => {
    if (args.length > 0) args.forEach((name) => explain(ctx, name));
    else {
      const rows = Array.from(ctx.commands.values(), ({name, help}) => [name, help]).sort(([a], [b]) =>
        a < b ? -1 : 1,
      );
      ctx.printLines(formatColumns(rows, ['left', 'left']));
    }
    return 0;
  },
};
