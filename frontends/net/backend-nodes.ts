import {EINVAL} from '../../hypervisor/errno.ts';
import {DeviceError, type XenbusDevice} from '../../hypervisor/xenbus/index.ts';
import {parseMac} from './mac.ts';

/** What the frontend has to know before it connects: from the backend and from the toolstack. */
export interface NetConfig {
  mac: Uint8Array;
  mtu: number;
  /** Two event channels, one for each direction. */
  splitChannels: boolean;
  /** The backend counts queues: it is told that there is one. */
  countsQueues: boolean;
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
export const readNetConfig = async (device: XenbusDevice): Promise<NetConfig> => {
  const flag = async (key: string): Promise<boolean> => (await device.readOtherNumber(key, MAX_U32, 0)) !== 0;
  if (!(await flag('feature-rx-copy'))) throw new DeviceError(EOPNOTSUPP, 'the backend has no feature-rx-copy');
  const countsQueues = (await device.readOtherNumber('multi-queue-max-queues', MAX_U32, 0)) > 0;
  const splitChannels = await flag('feature-split-event-channels');
  const macText = (await device.read('mac')) ?? '';
  const mac = parseMac(macText);
  if (mac === undefined) throw new DeviceError(EINVAL, `parsing mac "${macText}"`);
  const canScatter = await flag('feature-sg');
  const mtu = parseMtu(await device.read('mtu'), canScatter ? MAX_MTU : MAX_MTU_OF_A_PAGE);
  const trusted = (await device.read('trusted')) !== '0';
  return {mac, mtu, splitChannels, countsQueues, trusted};
};

/** A node that makes no sense is as good as none: the frontend is at liberty to ignore it. @see netif.h, "MTU" */
const parseMtu = (text: string | undefined, max: number): number => {
  const mtu = Number(text ?? DEFAULT_MTU);
  return mtu >= MIN_MTU && mtu <= max ? mtu : DEFAULT_MTU;
};
