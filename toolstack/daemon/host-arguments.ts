import {resolve} from 'node:path';
import {formatUplink} from '../../backends/network/uplink/spec.ts';
import {POLICIES} from '../../hypervisor/sched/policy.ts';
import {ToolstackError} from '../errors.ts';
import type {BridgeConfig, HostOptions} from '../host/api.ts';
import {DEFAULT_BRIDGES, DEFAULT_NAT, readUplink, withUplink} from '../host/bridges.ts';

/**
 * What the command line of a daemon can say about its host: `--memory=MIB`, `--bridge=NAME[,DOM0-ADDRESS]`,
 * `--bridge=NAME,nat=DOM0-ADDRESS`,
 * `--uplink=BRIDGE=UPLINK`, `--referee`, `--ledger`, `--cpus=N`, `--sched=NAME`.
 */
export type HostArguments = Pick<HostOptions, 'memoryMib' | 'cpus' | 'scheduler' | 'bridges' | 'referee' | 'ledger'>;

export const formatHostArguments = ({
  memoryMib,
  cpus,
  scheduler,
  bridges = [],
  referee,
  ledger,
}: HostArguments): string[] => [
  ...(referee === true ? ['--referee'] : []),
  ...(ledger === true ? ['--ledger'] : []),
  ...(cpus === undefined ? [] : [`--cpus=${cpus}`]),
  ...(scheduler === undefined ? [] : [`--sched=${scheduler}`]),
  ...(memoryMib === undefined ? [] : [`--memory=${memoryMib}`]),
  ...bridges.map((bridge) => `--bridge=${formatBridge(bridge)}`),
  ...bridges.flatMap(({name, uplinks = []}) => uplinks.map((uplink) => `--uplink=${name}=${uplink}`)),
];

export const parseHostArguments = (args: readonly string[]): HostArguments => {
  const values = (name: string): string[] =>
    args.filter((arg) => arg.startsWith(`--${name}=`)).map((arg) => arg.slice(name.length + 3));
  const memory = values('memory').at(-1);
  const cpus = values('cpus').at(-1);
  const scheduler = POLICIES.find((name) => name === values('sched').at(-1));
  const bridges = parseBridges(values('bridge'), values('uplink'));
  return {
    ...(memory !== undefined && {memoryMib: Number(memory)}),
    ...(cpus !== undefined && {cpus: Number(cpus)}),
    ...(scheduler !== undefined && {scheduler}),
    ...(bridges !== undefined && {bridges}),
    ...(args.includes('--referee') && {referee: true}),
    ...(args.includes('--ledger') && {ledger: true}),
  };
};

/** The bridges of a host, or undefined when nothing is said about them. */
export const parseBridges = (bridges: readonly string[], uplinks: readonly string[]): BridgeConfig[] | undefined => {
  if (bridges.length === 0 && uplinks.length === 0) return undefined;
  return uplinks.reduce<BridgeConfig[]>(
    (sofar, text) => {
      const [, name, uplink] = /^([^=]+)=(.+)$/.exec(text) ?? [];
      if (name === undefined) throw new ToolstackError('EINVAL', `pvsim: "${text}" is not of the form BRIDGE=UPLINK`);
      return withUplink(sofar, name, uplinkFromHere(uplink));
    },
    bridges.length > 0 ? withNat(bridges.map(parseBridge)) : [...DEFAULT_BRIDGES],
  );
};

/** An uplink with whole paths: the daemon's own directory is another one. EINVAL. */
export const uplinkFromHere = (text: string): string => {
  const spec = readUplink(text);
  const path = resolve(spec.path);
  return formatUplink(spec.type === 'dgram' ? {...spec, path, peer: resolve(spec.peer)} : {...spec, path});
};

/** Every host has a NAT network that uplinks may be for. */
const withNat = (bridges: BridgeConfig[]): BridgeConfig[] =>
  bridges.some(({nat}) => nat !== undefined) ? bridges : [...bridges, DEFAULT_NAT];

const formatBridge = ({name, dom0Address, nat}: BridgeConfig): string => {
  if (nat !== undefined) return `${name},nat=${nat}`;
  return dom0Address === undefined ? name : `${name},${dom0Address}`;
};

/** "NAME", "NAME,ADDRESS" or "NAME,nat=ADDRESS". EINVAL. */
export const parseBridge = (text: string): BridgeConfig => {
  const [name, address, ...more] = text.split(',');
  if (name === '' || address === '' || more.length > 0) {
    throw new ToolstackError('EINVAL', `pvsim: "${text}" is not of the form NAME[,[nat=]ADDRESS OF DOM0]`);
  }
  if (address?.startsWith('nat=')) return {name, nat: address.slice('nat='.length)};
  return {name, ...(address !== undefined && {dom0Address: address})};
};
