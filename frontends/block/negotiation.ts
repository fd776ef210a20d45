import {XEN_IO_PROTO_ABI_NATIVE} from '../../hypervisor/abi/io/protocols.ts';
import {negotiatesSectorSize} from '../../hypervisor/abi/io/blkif-sectors.ts';
import type {XenbusDevice} from '../../hypervisor/xenbus/index.ts';
import type {BlockFrontFeatures} from './features.ts';
import type {BlockRing} from './ring.ts';

const MAX_U32 = 0xffff_ffff;

/** How many rings a disk gets, and how large. */
export interface RingPlan {
  readonly order: number;
  readonly queues: number;
}

/** What we want, as far as the backend offers it. It may say the size of a ring in pages or as an order. */
export const planRings = async (device: XenbusDevice, features: BlockFrontFeatures): Promise<RingPlan> => {
  const maxOrder = await device.readOtherNumber('max-ring-page-order', MAX_U32, 0);
  const maxPages = await device.readOtherNumber('max-ring-pages', MAX_U32, 1);
  const maxQueues = await device.readOtherNumber('multi-queue-max-queues', MAX_U32, 1);
  return {
    order: Math.min(features.order, Math.max(maxOrder, Math.floor(Math.log2(Math.max(maxPages, 1))))),
    queues: Math.min(features.queues, Math.max(maxQueues, 1)),
  };
};

/** What a frontend publishes of its rings, in the order of Linux's blkfront. @see blkif.h, "Multiple hardware queues" */
export const transportNodes = (
  device: XenbusDevice,
  features: BlockFrontFeatures,
  {order, queues}: RingPlan,
  rings: readonly BlockRing[],
): Record<string, string | number> => {
  const nodes: Record<string, string | number> = {};
  if (queues > 1) nodes['multi-queue-num-queues'] = queues;
  if (order > 0) {
    nodes['ring-page-order'] = order;
    nodes['num-ring-pages'] = 2 ** order;
  }
  rings.forEach((ring, queue) => Object.assign(nodes, ringNodes(ring, queues > 1 ? `queue-${queue}/` : '')));
  nodes.protocol = XEN_IO_PROTO_ABI_NATIVE[device.ops.abi];
  if (features.persistent) nodes['feature-persistent'] = 1;
  if (negotiatesSectorSize(features.reading)) nodes['feature-large-sector-size'] = 1;
  if (features.announce) {
    nodes['feature-surprise-remove'] = 1;
    nodes['feature-online-resize'] = 1;
  }
  return nodes;
};

/** Nodes that only some connections have. One of before, ours or another kernel's, must not speak for the next. */
const optionalNodes = [
  'multi-queue-num-queues',
  'ring-page-order',
  'num-ring-pages',
  'feature-persistent',
  'feature-large-sector-size',
  'feature-surprise-remove',
  'feature-online-resize',
];

export const obsoleteNodes = (nodes: Readonly<Record<string, unknown>>): string[] =>
  optionalNodes.filter((key) => nodes[key] === undefined);

const ringNodes = ({page, port}: BlockRing, prefix: string): Record<string, number> => ({
  ...Object.fromEntries(
    page.refs.map((ref, i) => [page.refs.length === 1 ? `${prefix}ring-ref` : `${prefix}ring-ref${i}`, ref]),
  ),
  [`${prefix}event-channel`]: port,
});
