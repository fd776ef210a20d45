import {formatIp, formatMac} from '../net/index.ts';
import type {Command} from './command.ts';
import {parseOptions} from './options.ts';

const row = (address: string, type: string, hardware: string, flags: string, name: string): string =>
  `${address.padEnd(24)} ${type.padEnd(7)} ${hardware.padEnd(19)} ${flags.padEnd(21)} ${name}`;

export const arpCommand: Command = {
  name: 'arp',
  usage: '[-n]',
  help: 'shows the ARP cache',
  run: (ctx, args) => {
    parseOptions(args, 'na');
    const rows = ctx.machine.net.interfaces.flatMap(({name, neighbours}) =>
      neighbours
        .list()
        .map(({address, mac}) =>
          mac === undefined
            ? row(formatIp(address), '', '(incomplete)', '', name)
            : row(formatIp(address), 'ether', formatMac(mac), 'C', name),
        ),
    );
    if (rows.length > 0) ctx.printLines([row('Address', 'HWtype', 'HWaddress', 'Flags Mask', 'Iface'), ...rows]);
    return 0;
  },
};
