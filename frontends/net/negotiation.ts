import {EINVAL} from '../../hypervisor/errno.ts';
import {DeviceError, type XenbusDevice} from '../../hypervisor/xenbus/index.ts';
import type {DeviceOffloads} from '../api.ts';
import type {NetConnection} from './connection.ts';
import type {NetFrontFeatures} from './features.ts';
import {parseMac} from './mac.ts';

/** What the frontend has to know before it connects: from the backend and from the toolstack. */
export interface NetConfig {
  mac: Uint8Array;
  mtu: number;
  /** What the backend takes. */
  offloads: DeviceOffloads;
  /** Two event channels for each queue, one for each direction. */
  splitChannels: boolean;
  queues: number;
  /** The backend counts queues: it is told how many there are, be it one. */
  countsQueues: boolean;
  /** A control ring: to have frames hashed, or pages kept mapped. */
  hasControl: boolean;
  /** xdp-headroom; undefined: the backend does not know of it. */
  headroom: number | undefined;
  /** The backend keeps a list of multicast addresses, and filters by it if we want. */
  groups: 'none' | 'listed' | 'filtered';
  /** Unless the toolstack says otherwise. @see netif.h, "trusted" */
  trusted: boolean;
}

const EOPNOTSUPP = 95;
const MAX_U32 = 0xffffffff;
const DEFAULT_MTU = 1500;
const ETH_HLEN = 14;
const MAX_MTU = 65535 - ETH_HLEN;
/** What one slot holds. */
const MAX_MTU_OF_A_PAGE = 4096 - ETH_HLEN;
const MIN_MTU = 68;

/** DeviceError when the backend or the configuration is of no use. @see netif.h */
export const readNetConfig = async (device: XenbusDevice, features: NetFrontFeatures): Promise<NetConfig> => {
  const flag = async (key: string): Promise<boolean> => (await device.readOtherNumber(key, MAX_U32, 0)) !== 0;
  if (!(await flag('feature-rx-copy'))) throw new DeviceError(EOPNOTSUPP, 'the backend has no feature-rx-copy');
  const maxQueues = await device.readOtherNumber('multi-queue-max-queues', MAX_U32, 0);
  const macText = (await device.read('mac')) ?? '';
  const mac = parseMac(macText);
  if (mac === undefined) throw new DeviceError(EINVAL, `parsing mac "${macText}"`);
  const hasGroups = await flag('feature-multicast-control');
  return {
    mac,
    mtu: await readMtu(device),
    offloads: await readOffloads(device),
    splitChannels: features.split && (await flag('feature-split-event-channels')),
    queues: Math.min(features.queues, Math.max(maxQueues, 1)),
    countsQueues: maxQueues > 0,
    hasControl: (features.hash || features.staticGrants) && (await flag('feature-ctrl-ring')),
    headroom: (await flag('feature-xdp-headroom')) ? features.headroom : undefined,
    groups: hasGroups ? (features.multicast ? 'filtered' : 'listed') : 'none',
    trusted: (await device.read('trusted')) !== '0',
  };
};

/** A node that makes no sense is as good as none: the frontend is at liberty to ignore it. @see netif.h, "MTU" */
export const readMtu = async (device: XenbusDevice): Promise<number> => {
  const canScatter = (await device.readOther('feature-sg')) === '1';
  const mtu = Number((await device.read('mtu')) ?? DEFAULT_MTU);
  return mtu >= MIN_MTU && mtu <= (canScatter ? MAX_MTU : MAX_MTU_OF_A_PAGE) ? mtu : DEFAULT_MTU;
};

const readOffloads = async (device: XenbusDevice): Promise<DeviceOffloads> => {
  const flag = async (key: string): Promise<boolean> => (await device.readOtherNumber(key, MAX_U32, 0)) !== 0;
  const checksumIpv4 = !(await flag('feature-no-csum-offload'));
  const checksumIpv6 = await flag('feature-ipv6-csum-offload');
  const canScatter = await flag('feature-sg');
  return {
    checksumIpv4,
    checksumIpv6,
    // A packet to be cut has no checksum, and takes several slots.
    segmentIpv4: canScatter && checksumIpv4 && (await flag('feature-gso-tcpv4')),
    segmentIpv6: canScatter && checksumIpv6 && (await flag('feature-gso-tcpv6')),
  };
};

/** What is published for a connection, in the order of Linux's netfront. @see netif.h for each */
export const connectionNodes = (
  {queues, control}: NetConnection,
  config: NetConfig,
  features: NetFrontFeatures,
): Record<string, number> => {
  const nodes: Record<string, number> = {};
  if (config.headroom !== undefined) nodes['xdp-headroom'] = config.headroom;
  if (config.countsQueues) nodes['multi-queue-num-queues'] = queues.length;
  queues.forEach(({tx, rx, txPort, rxPort}, i) => {
    const prefix = queues.length === 1 ? '' : `queue-${i}/`;
    nodes[`${prefix}tx-ring-ref`] = tx.ref;
    nodes[`${prefix}rx-ring-ref`] = rx.ref;
    nodes[`${prefix}event-channel${config.splitChannels ? '-tx' : ''}`] = txPort;
    if (config.splitChannels) nodes[`${prefix}event-channel-rx`] = rxPort;
  });
  nodes['request-rx-copy'] = 1;
  nodes['feature-rx-notify'] = 1;
  if (features.sg) nodes['feature-sg'] = 1;
  if (features.gso4) nodes['feature-gso-tcpv4'] = 1;
  if (features.gso6) nodes['feature-gso-tcpv6'] = 1;
  if (features.csum6) nodes['feature-ipv6-csum-offload'] = 1;
  if (!features.csum4) nodes['feature-no-csum-offload'] = 1;
  if (config.groups === 'filtered') nodes['request-multicast-control'] = 1;
  if (control !== undefined) {
    nodes['ctrl-ring-ref'] = control.ref;
    nodes['event-channel-ctrl'] = control.port;
  }
  return nodes;
};

/** Nodes that only some connections have. One of before, ours or another kernel's, must not speak for the next. */
const optionalNodes: ReadonlySet<string> = new Set([
  'xdp-headroom',
  'multi-queue-num-queues',
  'tx-ring-ref',
  'rx-ring-ref',
  'event-channel',
  'event-channel-tx',
  'event-channel-rx',
  'feature-sg',
  'feature-gso-tcpv4',
  'feature-gso-tcpv6',
  'feature-ipv6-csum-offload',
  'feature-no-csum-offload',
  'request-multicast-control',
  'ctrl-ring-ref',
  'event-channel-ctrl',
]);

/** Of these, what the directory holds and this connection does not have, and the directories of all queues of before. */
export const obsoleteNodes = (present: readonly string[], nodes: Readonly<Record<string, unknown>>): string[] =>
  present.filter((key) => /^queue-\d+$/.test(key) || (optionalNodes.has(key) && nodes[key] === undefined));
