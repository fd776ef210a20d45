import {NS_PER_S} from '../../../hypervisor/schedule/index.ts';
import type {Command} from './command.ts';

/** "1 day, 2:03:04.05", "0:00:07.50" */
export const formatUptime = (uptimeNs: number): string => {
  const seconds = uptimeNs / NS_PER_S;
  const days = Math.floor(seconds / 86400);
  const pad = (value: number): string => String(value).padStart(2, '0');
  const clock = `${Math.floor(seconds / 3600) % 24}:${pad(Math.floor(seconds / 60) % 60)}:${(seconds % 60).toFixed(2).padStart(5, '0')}`;
  return days === 0 ? clock : `${days} day${days === 1 ? '' : 's'}, ${clock}`;
};

export const uptimeCommand: Command = {
  name: 'uptime',
  usage: '',
  help: 'says how long the kernel has run',
  run: (ctx) => {
    ctx.print(`up ${formatUptime(ctx.machine.log.uptimeNs)}\n`);
    return 0;
  },
};
