import type {BlockFeatures} from '../../backends/block/index.ts';
import type {NetFeatures} from '../../backends/net/index.ts';
import type {BlockFrontFeatures} from '../../frontends/block/index.ts';
import type {NetFrontFeatures} from '../../frontends/net/index.ts';
import type {Random} from '../../hypervisor/schedule/index.ts';

const one = <T>(random: Random, values: readonly T[]): T => values[random.below(values.length)];

/** What blkback offers. */
export const drawBlockOffer = (random: Random): Partial<BlockFeatures> => ({
  persistent: random.chance(0.6),
  grants: one(random, [0, 3, 20, 1056]),
  indirect: one(random, [0, 16, 256]),
  order: random.below(3),
  queues: 1 + random.below(4),
  flush: random.chance(0.7),
  barrier: random.chance(0.7),
  secure: random.chance(0.5),
  sector: random.chance(0.7) ? 512 : 4096,
});

/** What blkfront takes. */
export const drawBlockUse = (random: Random): Partial<BlockFrontFeatures> => ({
  persistent: random.chance(0.6),
  indirect: one(random, [0, 13, 32, 256]),
  order: random.below(3),
  queues: 1 + random.below(4),
});

/** What netback offers. Each queue costs a guest 256 pages, twice as many with static grants. */
export const drawNetOffer = (random: Random, queues: number): Partial<NetFeatures> => ({
  sg: random.chance(0.8),
  split: random.chance(0.7),
  queues: 1 + random.below(queues),
  multicast: one(random, ['off', 'fixed', 'dynamic'] as const),
  ctrl: random.chance(0.7),
  xdp: random.chance(0.7),
  copybreak: one(random, [0, 100, 4096]),
});

/** What netfront takes. */
export const drawNetUse = (random: Random, queues: number): Partial<NetFrontFeatures> => ({
  sg: random.chance(0.8),
  split: random.chance(0.7),
  queues: 1 + random.below(queues),
  hash: random.chance(0.4),
  staticGrants: random.chance(0.3),
  headroom: one(random, [0, 0, 256]),
  multicast: random.chance(0.3),
});
