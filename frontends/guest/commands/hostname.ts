import type {Command} from './command.ts';

export const hostnameCommand: Command = {
  name: 'hostname',
  usage: '[NAME]',
  help: 'prints or sets the name in the prompt',
  run: (ctx, [name]) => {
    if (name === undefined) ctx.print(`${ctx.machine.hostname}\n`);
    else ctx.machine.hostname = name;
    return 0;
  },
};
