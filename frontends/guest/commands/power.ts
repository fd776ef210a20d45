import type {StopReason} from '../shutdown.ts';
import type {Command} from './command.ts';

const stopCommand = (name: StopReason, help: string): Command => ({
  name,
  usage: '',
  help,
  run: (ctx) => ctx.machine.stop(name),
});

export const poweroffCommand = stopCommand('poweroff', 'closes the devices and stops the domain');
export const haltCommand = stopCommand('halt', 'as poweroff');
export const rebootCommand = stopCommand('reboot', 'closes the devices and asks for a restart');
