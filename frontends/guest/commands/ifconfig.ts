import {
  broadcastOf,
  type Cidr,
  formatIp,
  formatMac,
  isIpv4,
  maskOf,
  type NetInterface,
  parseCidr,
} from '../net/index.ts';
import type {Machine} from '../machine.ts';
import {type Command, CommandError} from './command.ts';
import type {CommandContext} from './context.ts';

const flagsOf = (each: NetInterface): string =>
  [each.up ? 'UP' : '', each.isLoopback ? 'LOOPBACK' : 'BROADCAST', each.running ? 'RUNNING' : '']
    .filter((flag) => flag !== '')
    .join(',');

const describeAddress = (own: Cidr, isLoopback: boolean): string => {
  const {address, prefix} = own;
  if (!isIpv4(address)) return `inet6 ${formatIp(address)}  prefixlen ${prefix}`;
  const broadcast = broadcastOf(own);
  const tail = isLoopback || broadcast === undefined ? '' : `  broadcast ${formatIp(broadcast)}`;
  return `inet ${formatIp(address)}  netmask ${formatIp(maskOf(prefix))}${tail}`;
};

const describe = (each: NetInterface): string[] => {
  const {rxPackets, rxBytes, rxErrors, rxDropped, txPackets, txBytes, txDropped} = each.counters;
  return [
    `${each.name}: <${flagsOf(each)}>  mtu ${each.mtu}`,
    ...each.addresses.map((own) => `        ${describeAddress(own, each.isLoopback)}`),
    each.isLoopback ? '        loop  (Local Loopback)' : `        ether ${formatMac(each.device.mac)}  (Ethernet)`,
    `        RX packets ${rxPackets}  bytes ${rxBytes}`,
    `        RX errors ${rxErrors}  dropped ${rxDropped}`,
    `        TX packets ${txPackets}  bytes ${txBytes}`,
    `        TX dropped ${txDropped}`,
    '',
  ];
};

/** Replaces the IPv4 address, or adds one of IPv6. */
const setAddress = ({net}: Machine, on: NetInterface, text: string): void => {
  const cidr = parseCidr(text);
  if (cidr === undefined) throw new CommandError(`${text}: not an address such as 10.0.0.1/24 or fd00::1/64`);
  const {address, prefix} = cidr;
  if (isIpv4(address)) on.setAddresses([cidr, ...on.addresses.filter((own) => !isIpv4(own.address))]);
  else net.discovery.assign(on, address, prefix);
};

type Setting = (ctx: CommandContext, on: NetInterface) => void | Promise<void>;

const settings: ReadonlyMap<string, Setting> = new Map<string, Setting>([
  ['up', (_, on) => void (on.up = true)],
  ['down', (_, on) => void (on.up = false)],
  ['dhcp', (ctx, on) => ctx.wait(ctx.machine.network.dhcp(on))],
  ['-dhcp', ({machine}, on) => machine.net.dhcp.stop(on)],
  ['auto', ({machine}, on) => machine.net.discovery.follow(on)],
]);

export const ifconfigCommand: Command = {
  name: 'ifconfig',
  usage: '[NAME [ADDRESS/LENGTH|dhcp|auto|up|down]]',
  help: 'shows interfaces with their counters, or sets one up',
  details: [
    '  dhcp  gets an IPv4 address from a DHCP server, and keeps it; -dhcp gives it back',
    '  auto  gets IPv6 addresses from routers, beside a link-local one',
  ],
  run: async (ctx, [name, setting]) => {
    const {net} = ctx.machine;
    const found = name === undefined ? undefined : net.interface(name);
    if (name !== undefined && found === undefined) {
      throw new CommandError(`${name}: error fetching interface information: Device not found`);
    }
    if (found === undefined || setting === undefined) {
      ctx.printLines((found === undefined ? net.interfaces : [found]).flatMap(describe));
      return 0;
    }
    const set = settings.get(setting);
    if (set === undefined) setAddress(ctx.machine, found, setting);
    else await set(ctx, found);
    return 0;
  },
};
