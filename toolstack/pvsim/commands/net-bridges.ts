import type {Argv, CommandModule} from 'yargs';
import type {BridgeListing} from '../../host/api.ts';
import {withHost} from './with-host.ts';

const NS_PER_S = 1e9;

export const bridgesCommand: CommandModule = {
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

export const addBridgeCommand: CommandModule<object, {bridge: string; uplink: string[]}> = {
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
