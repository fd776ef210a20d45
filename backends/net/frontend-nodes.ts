import {EINVAL} from '../../hypervisor/errno.ts';
import {DeviceError, type XenbusDevice} from '../../hypervisor/xenbus/index.ts';
import {ETH_HLEN} from '../network/index.ts';
import type {NetFeatures} from './features.ts';

/** Of one queue. */
export interface QueueNodes {
  txRingRef: number;
  rxRingRef: number;
  /** The same port twice unless the frontend has one for each direction. */
  txPort: number;
  rxPort: number;
}

export interface ControlNodes {
  ringRef: number;
  port: number;
}

/** How a guest takes frames. */
export interface Reception {
  /** feature-sg: takes frames of several slots. */
  canScatter: boolean;
  /** Takes TCP and UDP over IPv4 without a checksum: no feature-no-csum-offload. */
  canBlank4: boolean;
  /** The same over IPv6: feature-ipv6-csum-offload. */
  canBlank6: boolean;
  /** feature-gso-tcpv4, feature-gso-tcpv6: takes TCP that is still to be cut into segments. */
  canSegment4: boolean;
  canSegment6: boolean;
  /** feature-rx-notify: tells us of receive requests. */
  canWait: boolean;
  /** Longest frame it takes, in bytes: its MTU, the Ethernet header and a VLAN tag. */
  maxFrame: number;
  /** xdp-headroom: bytes to be left free in front of the data in each page. */
  headroom: number;
}

/** What a frontend has published when it says that it is Connected. */
export interface FrontendNodes {
  queues: readonly QueueNodes[];
  control: ControlNodes | undefined;
  reception: Reception;
}

/** There is no operation that has been asked for: EOPNOTSUPP. */
const EOPNOTSUPP = 95;
const MAX_U32 = 0xffffffff;
const DEFAULT_MTU = 1500;
const VLAN_HLEN = 4;
const MAX_MTU = 65535 - ETH_HLEN - VLAN_HLEN;
/** Half a page; Linux's netfront asks for 256 bytes. */
const MAX_HEADROOM = 2048;

/** Reads the frontend's directory. DeviceError for what is missing or makes no sense. @see netif.h */
export const readFrontendNodes = async (device: XenbusDevice, features: NetFeatures): Promise<FrontendNodes> => {
  const count = await device.readOtherNumber('multi-queue-num-queues', MAX_U32, 1);
  if (count < 1 || count > features.queues)
    throw new DeviceError(EINVAL, `${count} queues, 1 to ${features.queues} are offered`);
  const isCopied = (await device.readOtherNumber('request-rx-copy', MAX_U32, 0)) !== 0;
  if (!isCopied) throw new DeviceError(EOPNOTSUPP, 'the frontend does not request rx-copy');
  const queues: QueueNodes[] = [];
  // A single queue keeps its nodes where they were before there were several.
  for (let i = 0; i < count; i++) queues.push(await readQueue(device, count === 1 ? '' : `queue-${i}/`));
  return {
    queues,
    control: features.ctrl ? await readControl(device) : undefined,
    reception: await readReception(device),
  };
};

/** The longest frame that the frontend takes now. @see netif.h, "MTU" */
export const readMaxFrame = async (device: XenbusDevice): Promise<number> =>
  (await device.readOtherNumber('mtu', MAX_MTU, DEFAULT_MTU)) + ETH_HLEN + VLAN_HLEN;

/** @see Linux's netif.h, XEN_NETIF_EXTRA_TYPE_XDP */
export const readHeadroom = (device: XenbusDevice): Promise<number> =>
  device.readOtherNumber('xdp-headroom', MAX_HEADROOM, 0);

const readReception = async (device: XenbusDevice): Promise<Reception> => {
  const flag = async (key: string): Promise<boolean> => (await device.readOtherNumber(key, MAX_U32, 0)) !== 0;
  const canScatter = await flag('feature-sg');
  const canBlank4 = !(await flag('feature-no-csum-offload'));
  const canBlank6 = await flag('feature-ipv6-csum-offload');
  return {
    canScatter,
    canBlank4,
    canBlank6,
    // One without the others makes no sense, so that Linux does not believe it either.
    canSegment4: canScatter && canBlank4 && (await flag('feature-gso-tcpv4')),
    canSegment6: canScatter && canBlank6 && (await flag('feature-gso-tcpv6')),
    canWait: await flag('feature-rx-notify'),
    maxFrame: await readMaxFrame(device),
    headroom: await readHeadroom(device),
  };
};

const readQueue = async (device: XenbusDevice, prefix: string): Promise<QueueNodes> => ({
  ...(await readPorts(device, prefix)),
  txRingRef: await device.readOtherNumber(`${prefix}tx-ring-ref`, MAX_U32),
  rxRingRef: await device.readOtherNumber(`${prefix}rx-ring-ref`, MAX_U32),
});

/** Split event channels, else the one for both directions. @see netif.h, feature-split-event-channels */
const readPorts = async (device: XenbusDevice, prefix: string): Promise<Pick<QueueNodes, 'txPort' | 'rxPort'>> => {
  if ((await device.readOther(`${prefix}event-channel-tx`)) === undefined) {
    const port = await device.readOtherNumber(`${prefix}event-channel`, MAX_U32);
    return {txPort: port, rxPort: port};
  }
  return {
    txPort: await device.readOtherNumber(`${prefix}event-channel-tx`, MAX_U32),
    rxPort: await device.readOtherNumber(`${prefix}event-channel-rx`, MAX_U32),
  };
};

/** Both of its nodes or none. @see netif.h, "Control ring" */
const readControl = async (device: XenbusDevice): Promise<ControlNodes | undefined> => {
  const [ref, port] = [await device.readOther('ctrl-ring-ref'), await device.readOther('event-channel-ctrl')];
  if (ref === undefined && port === undefined) return undefined;
  return {
    ringRef: await device.readOtherNumber('ctrl-ring-ref', MAX_U32),
    port: await device.readOtherNumber('event-channel-ctrl', MAX_U32),
  };
};
