import type {Argv, CommandModule} from 'yargs';
import type {DaemonClient} from '../../daemon/client.ts';
import {findHome} from '../../daemon/home.ts';
import {ToolstackError} from '../../errors.ts';
import type {BridgeListing} from '../../host/api.ts';

interface FaultsArguments {
  domain: string;
  device: string;
  faults: string[];
}

const NS_PER_S = 1e9;

const withHost = async (use: (client: DaemonClient) => Promise<void>): Promise<void> => {
  const {connectTo} = await import('../../daemon/client.ts');
  const home = findHome();
  const client = await connectTo(home);
  if (client === undefined) throw new ToolstackError('ESRCH', `pvsim: no host runs in ${home.dir}`);
  await use(client).finally(() => client.close());
};

const bridgesCommand: CommandModule = {
  command: 'bridges',
  describe: 'Show the bridges with their ports, and the addresses that they know',
  handler: () =>
    withHost(async (client) => {
      const bridges = await client.call('net.bridges', {});
      process.stdout.write(bridges.map(describeBridge).join('\n'));
    }),
};

const describeBridge = ({name, ports, addresses}: BridgeListing): string => {
  const portRows = ports.map((port) => [port.name, `in ${port.inFrames}`, `out ${port.outFrames}`, port.faults]);
  const addressRows = addresses.map(({mac, vlan, port, isLocal, ageNs}) => [
    mac,
    port,
    isLocal ? 'local' : `${Math.floor(ageNs / NS_PER_S)} s`,
    vlan === 0 ? '' : `vlan ${vlan}`,
  ]);
  return [name, ...align(portRows), ...align(addressRows), ''].join('\n');
};

const align = (rows: readonly (readonly string[])[]): string[] => {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column].length))) ?? [];
  return rows.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column])).join('  ')}`.trimEnd());
};

const addCommand: CommandModule<object, {bridge: string; uplink: string[]}> = {
  command: 'add <bridge>',
  describe: 'Add a bridge to the host that runs',
  builder: (parser: Argv) =>
    parser
      .positional('bridge', {
        type: 'string',
        demandOption: true,
        describe: 'NAME[,ADDRESS OF DOM0] or NAME,nat=ADDRESS OF DOM0',
      })
      .option('uplink', {
        type: 'string',
        array: true,
        default: [],
        requiresArg: true,
        describe: 'Another program on it: stream:SOCKET, listen:SOCKET or dgram:SOCKET,PEER',
      }),
  handler: async ({bridge, uplink}) => {
    const {uplinkFromHere} = await import('../../daemon/host-arguments.ts');
    const uplinks = uplink.map(uplinkFromHere);
    await withHost(async (client) => void (await client.call('net.addBridge', {bridge, uplinks})));
  },
};

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
  handler: ({domain, device, faults}) =>
    withHost(async (client) => {
      const domid = await client.call('domain.resolve', {name: domain});
      if (domid === null) throw new ToolstackError('ESRCH', `pvsim: no domain "${domain}"`);
      const asked = faults.length === 0 ? null : faults.join(' ');
      const now = await client.call('vif.faults', {domid, which: device, faults: asked});
      const counts = `${now.lost} lost, ${now.duplicated} duplicated, ${now.held} held`;
      process.stdout.write(`${now.faults} (${counts})\n`);
    }),
};

export const netCommand: CommandModule = {
  command: 'net',
  describe: 'Look at the bridges, add some, and let things go wrong on them',
  builder: (parser) =>
    [bridgesCommand, addCommand, faultsCommand]
      .reduce((each, command) => each.command(command as CommandModule), parser)
      .demandCommand(1, 'a command is missing'),
  handler: () => {},
};
