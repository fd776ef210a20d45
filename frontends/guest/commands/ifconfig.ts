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
import {type Command, CommandError} from './command.ts';

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

export const ifconfigCommand: Command = {
  name: 'ifconfig',
  usage: '[NAME [ADDRESS/LENGTH|up|down]]',
  help: 'shows interfaces with their counters, or sets one up',
  run: (ctx, [name, setting]) => {
    const {net} = ctx.machine;
    const found = name === undefined ? undefined : net.interface(name);
    if (name !== undefined && found === undefined) {
      throw new CommandError(`${name}: error fetching interface information: Device not found`);
    }
    if (found === undefined || setting === undefined) {
      ctx.printLines((found === undefined ? net.interfaces : [found]).flatMap(describe));
      return 0;
    }
    if (setting === 'up' || setting === 'down') found.up = setting === 'up';
    else {
      const cidr = parseCidr(setting);
      if (cidr === undefined) throw new CommandError(`${setting}: not an address such as 10.0.0.1/24`);
      found.setAddresses([cidr, ...found.addresses.slice(1)]);
    }
    return 0;
  },
};
