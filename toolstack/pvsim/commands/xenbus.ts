import type {CommandModule} from 'yargs';

export const xenbusCommand: CommandModule<object, {markdown: boolean}> = {
  command: 'xenbus',
  describe: 'Print which state may follow which on either end of a device',
  builder: (parser) =>
    parser.option('markdown', {type: 'boolean', default: false, describe: 'As diagrams, for each kind of device'}),
  handler: async ({markdown}) => {
    if (markdown) {
      const {stateDiagrams} = await import('../../referee/state-diagrams.ts');
      process.stdout.write(stateDiagrams());
      return;
    }
    const {formatTransitions} = await import('../../../hypervisor/xenbus/index.ts');
    for (const role of ['frontend', 'backend'] as const) process.stdout.write(`${formatTransitions(role)}\n`);
  },
};
