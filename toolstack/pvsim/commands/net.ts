import type {Argv, CommandModule} from 'yargs';
import {findHome} from '../../daemon/home.ts';
import {ToolstackError} from '../../errors.ts';

interface FaultsArguments {
  domain: string;
  device: string;
  faults: string[];
}

const faultsCommand: CommandModule<object, FaultsArguments> = {
  command: 'faults <domain> <device> [faults..]',
  describe:
    'Let frames of a network device be lost, doubled, late or overtaken; without faults: tell what has happened',
  builder: (parser: Argv) =>
    parser
      .positional('domain', {type: 'string', demandOption: true, describe: 'Name or id of a running domain'})
      .positional('device', {type: 'string', demandOption: true, describe: 'Its network device, by number or MAC'})
      .positional('faults', {
        type: 'string',
        array: true,
        default: [],
        describe: 'loss=1% duplicate=1% reorder=1% delay=5ms jitter=1ms bandwidth=10Mbit seed=7, or none',
      }),
  handler: async ({domain, device, faults}) => {
    const {connectTo} = await import('../../daemon/client.ts');
    const home = findHome();
    const client = await connectTo(home);
    if (client === undefined) throw new ToolstackError('ESRCH', `pvsim: no host runs in ${home.dir}`);
    try {
      const domid = await client.call('domain.resolve', {name: domain});
      if (domid === null) throw new ToolstackError('ESRCH', `pvsim: no domain "${domain}"`);
      const asked = faults.length === 0 ? null : faults.join(' ');
      const now = await client.call('vif.faults', {domid, which: device, faults: asked});
      const counts = `${now.lost} lost, ${now.duplicated} duplicated, ${now.held} held`;
      process.stdout.write(`${now.faults} (${counts})\n`);
    } finally {
      await client.close();
    }
  },
};

export const netCommand: CommandModule = {
  command: 'net',
  describe: 'Faults of network devices',
  builder: (parser) => parser.command(faultsCommand as CommandModule).demandCommand(1, 'a command is missing'),
  handler: () => {},
};
