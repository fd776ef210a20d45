import {type SectorReading, sectorReadings} from '../../hypervisor/abi/io/blkif-sectors.ts';
import {between, flag, oneOf, type TuningReaders} from '../../hypervisor/xenbus/index.ts';

/** What blkback offers for one disk. Each can be turned off to see what a frontend does without it. */
export interface BlockFeatures {
  /** feature-persistent, if the frontend has it, too. */
  persistent: boolean;
  /** Pages that a ring keeps mapped at most, where grants are persistent. */
  grants: number;
  /** feature-max-indirect-segments, 0..256; 0: no indirect requests. */
  indirect: number;
  /** max-ring-page-order, 0..4. */
  order: number;
  /** multi-queue-max-queues, 1..16. */
  queues: number;
  /** feature-flush-cache */
  flush: boolean;
  /** feature-barrier */
  barrier: boolean;
  /** feature-discard, where the image and the toolstack's discard-enable allow it. */
  discard: boolean;
  /** discard-secure: what is discarded so is overwritten. */
  secure: boolean;
  /** sector-size: 512..4096. */
  sector: number;
  /** physical-sector-size; no smaller than a sector. */
  physical: number;
  /** Whose reading of sectors above 512 bytes is followed. */
  reading: SectorReading;
}

/** Segments of an indirect request at most: as many as Linux's blkback takes, and no more than fit in one page. */
export const MAX_INDIRECT_SEGMENTS = 256;
export const MAX_RING_PAGE_ORDER = 4;

/** As Linux's blkback has them in a dom0 with one CPU. */
export const defaultFeatures: BlockFeatures = {
  persistent: true,
  grants: 1056,
  indirect: MAX_INDIRECT_SEGMENTS,
  order: MAX_RING_PAGE_ORDER,
  queues: 1,
  flush: true,
  barrier: true,
  discard: true,
  secure: false,
  sector: 512,
  physical: 512,
  reading: 'linux',
};

const sectorSizes = [512, 1024, 2048, 4096] as const;

export const featureReaders: TuningReaders<BlockFeatures> = {
  persistent: flag,
  grants: between(0, 32767),
  indirect: between(0, MAX_INDIRECT_SEGMENTS),
  order: between(0, MAX_RING_PAGE_ORDER),
  queues: between(1, 16),
  flush: flag,
  barrier: flag,
  discard: flag,
  secure: flag,
  sector: oneOf<number>(...sectorSizes),
  physical: oneOf<number>(...sectorSizes),
  reading: oneOf<SectorReading>(...sectorReadings),
};

/** Before InitWait: the ring's measures. In the order of Linux's blkback; pages beside orders, as the header has both. */
export const offerNodes = ({indirect, queues, order}: BlockFeatures): Record<string, number> => ({
  ...(indirect > 0 && {'feature-max-indirect-segments': indirect}),
  'multi-queue-max-queues': queues,
  'max-ring-page-order': order,
  'max-ring-pages': 2 ** order,
});
