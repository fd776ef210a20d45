import {formatColumns} from '../format.ts';
import type {NetStack} from '../net/index.ts';
import type {Command} from './command.ts';
import {parseOptions} from './options.ts';

const interfaceLines = (net: NetStack): string[] => {
  const header = ['Iface', 'MTU', 'RX-OK', 'RX-ERR', 'RX-DRP', 'TX-OK', 'TX-DRP', 'Flg'];
  const rows = net.interfaces.map(({name, mtu, counters, isLoopback, up, running}) => [
    name,
    String(mtu),
    String(counters.rxPackets),
    String(counters.rxErrors),
    String(counters.rxDropped),
    String(counters.txPackets),
    String(counters.txDropped),
    `${isLoopback ? 'L' : 'B'}${running ? 'R' : ''}${up ? 'U' : ''}`,
  ]);
  const align = header.map((_, column) => (column === 0 || column === header.length - 1 ? 'left' : 'right'));
  return formatColumns([header, ...rows], align);
};

/** "inHdrErrors" as "in hdr errors". */
const spell = (counter: string): string => counter.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);

const statisticsLines = (net: NetStack): string[] =>
  Object.entries(net.counters).flatMap(([protocol, counters]) => [
    `${protocol[0].toUpperCase()}${protocol.slice(1)}:`,
    ...Object.entries(counters).map(([name, value]) => `    ${value} ${spell(name)}`),
  ]);

export const netstatCommand: Command = {
  name: 'netstat',
  usage: '[-i|-s|-r]',
  help: 'shows the counters of interfaces or protocols',
  details: ['  -i  interfaces (the default)', '  -s  ARP, IP and ICMP', '  -r  routes, as ip route'],
  run: (ctx, args) => {
    const {flags} = parseOptions(args, 'isrn');
    const {net} = ctx.machine;
    if (flags.has('r')) return ctx.commands.get('ip')?.run(ctx, ['route']) ?? 1;
    ctx.printLines(flags.has('s') ? statisticsLines(net) : interfaceLines(net));
    return 0;
  },
};
