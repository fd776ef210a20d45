import {EINVAL} from '../../hypervisor/errno.ts';
import {DeviceError, type XenbusDevice} from '../../hypervisor/xenbus/index.ts';
import {ETH_HLEN} from '../network/index.ts';

/** What a frontend has published when it says that it is Connected. */
export interface FrontendNodes {
  txRingRef: number;
  rxRingRef: number;
  /** The same port twice unless the frontend has one for each direction. */
  txPort: number;
  rxPort: number;
  /** feature-sg: takes frames of several slots. */
  canScatter: boolean;
  /** Takes TCP and UDP over IPv4 without a checksum: no feature-no-csum-offload. */
  canBlank: boolean;
  /** feature-gso-tcpv4: takes TCP over IPv4 that is still to be cut into segments. */
  canSegment: boolean;
  /** feature-rx-notify: tells us of receive requests. */
  canWait: boolean;
  /** Longest frame it takes, in bytes: its MTU, the Ethernet header and a VLAN tag. */
  maxFrame: number;
}

/** There is no operation that has been asked for: EOPNOTSUPP. */
const EOPNOTSUPP = 95;
const MAX_U32 = 0xffffffff;
const DEFAULT_MTU = 1500;
const VLAN_HLEN = 4;
const MAX_MTU = 65535 - ETH_HLEN - VLAN_HLEN;
/** multi-queue-max-queues as we publish it. */
export const MAX_QUEUES = 1;

/** Reads the frontend's directory. DeviceError for what is missing or makes no sense. @see netif.h */
export const readFrontendNodes = async (device: XenbusDevice): Promise<FrontendNodes> => {
  const flag = async (key: string): Promise<boolean> => (await device.readOtherNumber(key, MAX_U32, 0)) !== 0;
  const queues = await device.readOtherNumber('multi-queue-num-queues', MAX_U32, 1);
  if (queues < 1 || queues > MAX_QUEUES)
    throw new DeviceError(EINVAL, `${queues} queues, 1 to ${MAX_QUEUES} are offered`);
  if (!(await flag('request-rx-copy'))) throw new DeviceError(EOPNOTSUPP, 'the frontend does not request rx-copy');
  const ports = await readPorts(device);
  const canScatter = await flag('feature-sg');
  const canBlank = !(await flag('feature-no-csum-offload'));
  return {
    ...ports,
    canWait: await flag('feature-rx-notify'),
    canScatter,
    canBlank,
    // One without the others makes no sense, so that Linux does not believe it either.
    canSegment: canScatter && canBlank && (await flag('feature-gso-tcpv4')),
    maxFrame: (await device.readOtherNumber('mtu', MAX_MTU, DEFAULT_MTU)) + ETH_HLEN + VLAN_HLEN,
    txRingRef: await device.readOtherNumber('tx-ring-ref', MAX_U32),
    rxRingRef: await device.readOtherNumber('rx-ring-ref', MAX_U32),
  };
};

/** Split event channels, else the one for both directions. @see netif.h, feature-split-event-channels */
const readPorts = async (device: XenbusDevice): Promise<{txPort: number; rxPort: number}> => {
  if ((await device.readOther('event-channel-tx')) === undefined) {
    const port = await device.readOtherNumber('event-channel', MAX_U32);
    return {txPort: port, rxPort: port};
  }
  return {
    txPort: await device.readOtherNumber('event-channel-tx', MAX_U32),
    rxPort: await device.readOtherNumber('event-channel-rx', MAX_U32),
  };
};
