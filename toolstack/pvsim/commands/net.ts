import type {Argv, CommandModule} from 'yargs';
import type {DaemonClient} from '../../daemon/client.ts';
import {ToolstackError} from '../../errors.ts';
import {addBridgeCommand, bridgesCommand} from './net-bridges.ts';
import {withHost} from './with-host.ts';

interface DeviceArguments {
  domain: string;
  device: string;
}

/** Finds the domain for what is to be done with one of its network devices. */
const withDevice = (
  {domain, device}: DeviceArguments,
  act: (client: DaemonClient, which: {domid: number; which: string}) => Promise<string>,
): Promise<void> =>
  withHost(async (client) => {
    const domid = await client.call('domain.resolve', {name: domain});
    if (domid === null) throw new ToolstackError('ESRCH', `pvsim: no domain "${domain}"`);
    process.stdout.write(await act(client, {domid, which: device}));
  });

const deviceOf = (parser: Argv): Argv<DeviceArguments> =>
  parser
    .positional('domain', {type: 'string', demandOption: true, describe: 'Name or id of a running domain'})
    .positional('device', {type: 'string', demandOption: true, describe: 'Its network device, by number or MAC'});

const statsCommand: CommandModule<object, DeviceArguments> = {
  command: 'stats <domain> <device>',
  describe: 'Print the counters that ethtool -S has for the interface in a Linux dom0',
  builder: deviceOf,
  handler: (device) =>
    withDevice(device, async (client, which) => {
      const counters = Object.entries(await client.call('vif.ethtool', which));
      return ['NIC statistics:', ...counters.map(([name, value]) => `     ${name}: ${value}`), ''].join('\n');
    }),
};

const linkCommand: CommandModule<object, DeviceArguments & {state: string}> = {
  command: 'link <domain> <device> <state>',
  describe: 'Plug a network device into its bridge, or out of it',
  builder: (parser: Argv) =>
    deviceOf(parser).positional('state', {choices: ['up', 'down'], demandOption: true, describe: 'up or down'}),
  handler: ({state, ...device}) =>
    withDevice(device, async (client, which) => {
      await client.call('vif.link', {...which, isUp: state === 'up'});
      return '';
    }),
};

interface FaultsArguments extends DeviceArguments {
  faults: string[];
}

const faultsCommand: CommandModule<object, FaultsArguments> = {
  command: 'faults <domain> <device> [faults..]',
  describe:
    'Let frames of a network device be lost, doubled, late or overtaken; without faults: tell what has happened',
  builder: (parser: Argv) =>
    deviceOf(parser).positional('faults', {
      type: 'string',
      array: true,
      default: [],
      describe: 'loss=1% duplicate=1% reorder=1% delay=5ms jitter=1ms bandwidth=10Mbit seed=7, or none',
    }),
  handler: ({faults, ...device}) =>
    withDevice(device, async (client, which) => {
      const asked = faults.length === 0 ? null : faults.join(' ');
      const now = await client.call('vif.faults', {...which, faults: asked});
      return `${now.faults} (${now.lost} lost, ${now.duplicated} duplicated, ${now.held} held)\n`;
    }),
};

export const netCommand: CommandModule = {
  command: 'net',
  describe: 'Bridges, and network devices as dom0 sees them: statistics, link and faults',
  builder: (parser) =>
    [bridgesCommand, addBridgeCommand, statsCommand, linkCommand, faultsCommand]
      .reduce((each, command) => each.command(command as CommandModule), parser)
      .demandCommand(1, 'a command is missing'),
  handler: () => {},
};
