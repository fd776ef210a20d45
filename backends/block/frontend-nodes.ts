import type {Abi} from '../../hypervisor/abi/ctype.ts';
import {EINVAL} from '../../hypervisor/errno.ts';
import {DeviceError, type XenbusDevice} from '../../hypervisor/xenbus/index.ts';
import {readFrontendAbi} from '../frontend-abi.ts';
import type {AnnouncedRing} from '../ring-transport.ts';
import type {BlockFeatures} from './features.ts';

const MAX_U32 = 0xffff_ffff;

/** What a frontend published when it was Initialised. */
export interface FrontendNodes {
  readonly abi: Abi;
  readonly persistent: boolean;
  readonly largeSectors: boolean;
  readonly rings: readonly AnnouncedRing[];
}

/** Reads and checks it against what was offered. DeviceError, with the node at fault, when something is wrong. */
export const readFrontend = async (device: XenbusDevice, features: BlockFeatures): Promise<FrontendNodes> => {
  const abi = await readFrontendAbi(device);
  const queues = await device.readOtherNumber('multi-queue-num-queues', MAX_U32, 1);
  if (queues < 1 || queues > features.queues) refuse(`multi-queue-num-queues ${queues}, of ${features.queues} at most`);
  const pages = await readRingPages(device, features.order);
  const rings: AnnouncedRing[] = [];
  for (let queue = 0; queue < queues; queue++) {
    // A single queue keeps its nodes where they were before there were several.
    rings.push(await readRing(device, queues === 1 ? '' : `queue-${queue}/`, pages));
  }
  return {
    abi,
    persistent: (await device.readOtherNumber('feature-persistent', MAX_U32, 0)) > 0,
    largeSectors: (await device.readOtherNumber('feature-large-sector-size', MAX_U32, 0)) > 0,
    rings,
  };
};

const refuse = (reason: string): never => {
  throw new DeviceError(EINVAL, reason);
};

/** Pages of each ring, by either spelling. @see blkif.h, "ring-page-order" and "num-ring-pages" */
const readRingPages = async (device: XenbusDevice, maxOrder: number): Promise<number> => {
  const order = await device.readOtherNumber('ring-page-order', MAX_U32, 0);
  if (order > maxOrder) refuse(`ring-page-order ${order}, of ${maxOrder} at most`);
  const pages = await device.readOtherNumber('num-ring-pages', MAX_U32, 2 ** order);
  if (pages > 2 ** maxOrder) refuse(`num-ring-pages ${pages}, of ${2 ** maxOrder} at most`);
  if (!Number.isInteger(Math.log2(pages))) refuse(`num-ring-pages ${pages} is no power of two`);
  const both = (await device.readOther('ring-page-order')) !== undefined;
  if (both && pages !== 2 ** order) refuse(`ring-page-order ${order}, but num-ring-pages ${pages}`);
  return pages;
};

const readRing = async (device: XenbusDevice, prefix: string, pages: number): Promise<AnnouncedRing> => {
  const refs = new Uint32Array(pages);
  const single = pages === 1 && !(await saysRingRef0(device, prefix));
  for (let page = 0; page < pages; page++) {
    refs[page] = await device.readOtherNumber(`${prefix}ring-ref${single ? '' : page}`, MAX_U32);
  }
  return {refs, eventChannel: await device.readOtherNumber(`${prefix}event-channel`, MAX_U32)};
};

/** Of a one-page ring the header says `ring-ref`; frontends that write an order of 0 may say `ring-ref0`. */
const saysRingRef0 = async (device: XenbusDevice, prefix: string): Promise<boolean> =>
  (await device.readOther(`${prefix}ring-ref`)) === undefined &&
  (await device.readOther(`${prefix}ring-ref0`)) !== undefined;
