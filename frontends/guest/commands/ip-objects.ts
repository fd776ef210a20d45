import {
  broadcastOf,
  type Cidr,
  formatCidr,
  formatIp,
  formatMac,
  isIpv4,
  isLinkLocal,
  type NetInterface,
  type NetStack,
  parseCidr,
  parseIp,
} from '../net/index.ts';
import {CommandError} from './command.ts';

/** Exit status of ip when the kernel refused. */
const EXIT_REFUSED = 2;

/** One object of the ip command: what its verbs print or do. Throws CommandError. */
export interface IpObject {
  /** Full name; any beginning of it will do. */
  readonly name: string;
  readonly verbs: Readonly<Record<string, (net: NetStack, args: readonly string[]) => string[]>>;
}

const refused = (answer: string): CommandError => new CommandError(`RTNETLINK answers: ${answer}`, EXIT_REFUSED);

const findInterface = (net: NetStack, name: string | undefined): NetInterface => {
  const found = name === undefined ? undefined : net.interface(name);
  if (found === undefined) throw new CommandError(`Cannot find device "${name ?? ''}"`);
  return found;
};

/** The word behind `keyword`. */
const wordAfter = (args: readonly string[], keyword: string): string | undefined => {
  const at = args.indexOf(keyword);
  return at < 0 ? undefined : args[at + 1];
};

const needAddress = (text: string | undefined): Cidr => {
  const cidr = text === undefined ? undefined : parseCidr(text);
  if (cidr === undefined) throw new CommandError(`any valid prefix is expected rather than "${text ?? ''}".`);
  return cidr;
};

const linkLines = (each: NetInterface): string[] => {
  const flags = each.isLoopback ? ['LOOPBACK'] : ['BROADCAST'];
  if (!each.device.carrier) flags.unshift('NO-CARRIER');
  if (each.up) flags.push('UP');
  if (each.running) flags.push('LOWER_UP');
  const state = each.isLoopback ? 'UNKNOWN' : each.running ? 'UP' : 'DOWN';
  const [kind, broadcast] = each.isLoopback ? ['loopback', '00:00:00:00:00:00'] : ['ether', 'ff:ff:ff:ff:ff:ff'];
  return [
    `${each.index}: ${each.name}: <${flags.join(',')}> mtu ${each.mtu} state ${state}`,
    `    link/${kind} ${formatMac(each.device.mac)} brd ${broadcast}`,
  ];
};

const addressLines = (each: NetInterface): string[] =>
  each.addresses.map((own) => {
    const broadcast = each.isLoopback ? undefined : broadcastOf(own);
    const brd = broadcast === undefined ? '' : ` brd ${formatIp(broadcast)}`;
    const scope = each.isLoopback ? 'host' : isIpv4(own.address) || !isLinkLocal(own.address) ? 'global' : 'link';
    return `    ${isIpv4(own.address) ? 'inet' : 'inet6'} ${formatCidr(own)}${brd} scope ${scope} ${each.name}`;
  });

/** `show`, `show dev NAME`, `show NAME`. */
const chosen = (net: NetStack, args: readonly string[]): NetInterface[] => {
  const name = wordAfter(args, 'dev') ?? args[0];
  return name === undefined ? net.interfaces : [findInterface(net, name)];
};

const link: IpObject = {
  name: 'link',
  verbs: {
    show: (net, args) => chosen(net, args).flatMap(linkLines),
    set: (net, args) => {
      const words = args.filter((word) => word !== 'dev');
      const target = findInterface(net, words[0]);
      if (words[1] !== 'up' && words[1] !== 'down') throw new CommandError('only "up" and "down" can be set');
      target.up = words[1] === 'up';
      return [];
    },
  },
};

const address: IpObject = {
  name: 'address',
  verbs: {
    show: (net, args) => chosen(net, args).flatMap((each) => [...linkLines(each), ...addressLines(each)]),
    add: (net, args) => {
      const cidr = needAddress(args[0]);
      const target = findInterface(net, wordAfter(args, 'dev'));
      const {address: own, prefix} = cidr;
      const isNew = isIpv4(own) ? target.addAddress(cidr) : net.discovery.assign(target, own, prefix);
      if (!isNew) throw refused('File exists');
      return [];
    },
    del: (net, args) => {
      const cidr = needAddress(args[0]);
      if (!findInterface(net, wordAfter(args, 'dev')).removeAddress(cidr)) {
        throw refused('Cannot assign requested address');
      }
      return [];
    },
    flush: (net, args) => {
      findInterface(net, wordAfter(args, 'dev') ?? args[0]).setAddresses([]);
      return [];
    },
  },
};

const formatNetwork = (network: Cidr): string => (network.prefix === 0 ? 'default' : formatCidr(network));

/** "default" is of the gateway's family. */
const needNetwork = (text: string | undefined, gateway: string | undefined): Cidr => {
  if (text !== 'default') return needAddress(text);
  return needAddress(gateway?.includes(':') ? '::/0' : '0.0.0.0/0');
};

const addErrors = {EEXIST: 'File exists', ENETUNREACH: 'Network is unreachable'} as const;

const route: IpObject = {
  name: 'route',
  verbs: {
    show: ({routes}) => [
      ...routes.static.map(
        (each) => `${formatNetwork(each.network)} via ${formatIp(each.gateway)} dev ${each.interface.name}`,
      ),
      ...routes.connected.map(
        (each) =>
          `${formatNetwork(each.network)} dev ${each.interface.name} proto kernel scope link src ${formatIp(each.source)}`,
      ),
    ],
    add: (net, args) => {
      const via = wordAfter(args, 'via');
      const gateway = via === undefined ? undefined : parseIp(via);
      if (gateway === undefined) throw new CommandError('a gateway is needed: ip route add NETWORK via ADDRESS');
      const dev = wordAfter(args, 'dev');
      const on = dev === undefined ? undefined : findInterface(net, dev);
      const error = net.routes.add(needNetwork(args[0], via), gateway, on);
      if (error !== undefined) throw refused(addErrors[error]);
      return [];
    },
    del: (net, args) => {
      if (!net.routes.remove(needNetwork(args[0], wordAfter(args, 'via')))) throw refused('No such process');
      return [];
    },
  },
};

const neighbour: IpObject = {
  name: 'neighbour',
  verbs: {
    show: (net) =>
      net.interfaces.flatMap(({name, neighbours}) =>
        neighbours.list().map(({address: ip, mac}) => {
          const state = mac === undefined ? 'INCOMPLETE' : `lladdr ${formatMac(mac)} REACHABLE`;
          return `${formatIp(ip)} dev ${name} ${state}`;
        }),
      ),
    flush: (net) => {
      net.interfaces.forEach(({neighbours}) => neighbours.clear());
      return [];
    },
  },
};

/** In the order in which abbreviations are matched. */
export const ipObjects: readonly IpObject[] = [address, link, route, neighbour];
