import {formatColumns} from '../format.ts';
import {formatIp, type IpAddress, type NetStack} from '../net/index.ts';
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

const socketLines = ({tcp}: NetStack): string[] => {
  const endpoint = (address: IpAddress | undefined, port: number): string =>
    `${address === undefined ? '*' : formatIp(address)}:${port === 0 ? '*' : port}`;
  const rows = [
    ...tcp.listening.map(({address, port}) => [endpoint(address, port), endpoint(undefined, 0), 'LISTEN', '0', '0']),
    ...tcp.connections.map(({endpoints, state, sender, receiver}) => [
      endpoint(endpoints.localAddress, endpoints.localPort),
      endpoint(endpoints.remoteAddress, endpoints.remotePort),
      state.replaceAll('-', '_'),
      String(receiver.queue.length),
      String(sender.buffer.length),
    ]),
  ];
  const header = ['Local Address', 'Foreign Address', 'State', 'Recv-Q', 'Send-Q'];
  return formatColumns([header, ...rows], ['left', 'left', 'left', 'right', 'right']);
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
  usage: '[-i|-t|-s|-r]',
  help: 'shows interfaces, TCP connections or counters',
  details: ['  -i  interfaces (the default)   -t  TCP   -s  counters of protocols   -r  routes, as ip route'],
  run: (ctx, args) => {
    const {flags} = parseOptions(args, 'istrn');
    const {net} = ctx.machine;
    if (flags.has('r')) return ctx.commands.get('ip')?.run(ctx, ['route']) ?? 1;
    const lines = flags.has('s') ? statisticsLines : flags.has('t') ? socketLines : interfaceLines;
    ctx.printLines(lines(net));
    return 0;
  },
};
