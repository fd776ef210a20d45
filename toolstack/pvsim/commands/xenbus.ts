import type {CommandModule} from 'yargs';

export const xenbusCommand: CommandModule = {
  command: 'xenbus',
  describe: 'Print which state may follow which on either end of a device',
  handler: async () => {
    const {formatTransitions} = await import('../../../hypervisor/xenbus/index.ts');
    for (const role of ['frontend', 'backend'] as const) process.stdout.write(`${formatTransitions(role)}\n`);
  },
};
