import type {Abi} from '../../hypervisor/abi/ctype.ts';
import type {DeviceEnd} from './device.ts';
import type {DeviceKind, RingKind} from './kinds.ts';

/** As many as any backend takes. @see blkif.h, "max-ring-page-order" */
const MAX_RING_PAGES = 16;
const MAX_QUEUES = 64;

/** A ring as its frontend published it. */
export interface AnnouncedRing {
  readonly kind: RingKind;
  readonly refs: readonly number[];
  readonly port: number;
}

/** What a frontend has published of its rings, or what is wrong with it. */
export interface Announcement {
  readonly abi: Abi;
  readonly rings: readonly AnnouncedRing[];
  /** Nodes that have to be there and are not. */
  readonly missing: readonly string[];
  /** Nodes that have to be numbers and are not. */
  readonly notNumbers: readonly string[];
}

/** Reads the nodes by which a frontend publishes its rings: of each queue, of each ring its pages and its port. */
export const readAnnouncement = ({nodes}: DeviceEnd, kind: DeviceKind): Announcement => {
  const missing: string[] = [];
  const notNumbers: string[] = [];
  const number = (key: string): number => {
    const text = nodes.get(key);
    if (text === undefined) missing.push(key);
    else if (!/^\d{1,10}$/.test(text)) notNumbers.push(key);
    return Number(text ?? Number.NaN);
  };
  const pages = pagesOf(nodes);
  const refsOf = (prefix: string, {refNode}: RingKind): number[] => {
    const name = `${prefix}${refNode}`;
    if (pages === 1 && !(nodes.has(`${name}0`) && !nodes.has(name))) return [number(name)];
    return Array.from({length: pages}, (_, page) => number(`${name}${page}`));
  };
  const portOf = (prefix: string, {portNodes}: RingKind): number => {
    const names = portNodes.map((name) => `${prefix}${name}`);
    return number(names.find((name) => nodes.has(name)) ?? names[names.length - 1]);
  };
  const announced = (prefix: string, ring: RingKind): AnnouncedRing => ({
    kind: ring,
    refs: refsOf(prefix, ring),
    port: portOf(prefix, ring),
  });
  const rings = [
    ...queuesOf(nodes).flatMap((prefix) =>
      kind.rings.filter(({isOptional}) => isOptional !== true).map((ring) => announced(prefix, ring)),
    ),
    ...kind.rings
      .filter(({isOptional, refNode}) => isOptional === true && nodes.has(refNode))
      .map((ring) => announced('', ring)),
  ];
  return {abi: nodes.get('protocol') === 'x86_32-abi' ? 'x86_32' : 'x86_64', rings, missing, notNumbers};
};

/** Of each ring, by either spelling; what an earlier connection has left behind does not count. */
const pagesOf = (nodes: ReadonlyMap<string, string>): number => {
  const order = Number(nodes.get('ring-page-order') ?? 0);
  const pages = Number(nodes.get('num-ring-pages') ?? 2 ** order);
  return pages >= 1 ? Math.min(Math.floor(pages), MAX_RING_PAGES) : 1;
};

/** A single queue has its nodes in the device's own directory. */
const queuesOf = (nodes: ReadonlyMap<string, string>): string[] => {
  const queues = Number(nodes.get('multi-queue-num-queues') ?? 1);
  if (!(queues > 1)) return [''];
  return Array.from({length: Math.min(queues, MAX_QUEUES)}, (_, queue) => `queue-${queue}/`);
};
