import {type SectorReading, sectorReadings} from '../../hypervisor/abi/io/blkif-sectors.ts';
import {between, flag, oneOf, type TuningReaders} from '../../hypervisor/xenbus/index.ts';

/** What blkfront makes use of where the backend offers it. Each can be turned off, to see how a backend takes that. */
export interface BlockFrontFeatures {
  /** feature-persistent: data pages stay granted, whether the backend keeps them mapped or not. */
  persistent: boolean;
  /** Segments of a request at most, 0..256; up to 11 of them make no indirect request. */
  indirect: number;
  /** ring-page-order, 0..4. */
  order: number;
  /** multi-queue-num-queues, 1..16. */
  queues: number;
  flush: boolean;
  /** In place of a flush where the backend has none. */
  barrier: boolean;
  discard: boolean;
  /** Whether the peer is told what holds in any case, as Windows' driver does: feature-online-resize, feature-surprise-remove. */
  announce: boolean;
  /** Whose reading of sectors above 512 bytes is followed. */
  reading: SectorReading;
}

/** As Linux's blkfront has them on one CPU. */
export const defaultFrontFeatures: BlockFrontFeatures = {
  persistent: true,
  indirect: 32,
  order: 0,
  queues: 1,
  flush: true,
  barrier: true,
  discard: true,
  announce: false,
  reading: 'linux',
};

export const frontFeatureReaders: TuningReaders<BlockFrontFeatures> = {
  persistent: flag,
  indirect: between(0, 256),
  order: between(0, 4),
  queues: between(1, 16),
  flush: flag,
  barrier: flag,
  discard: flag,
  announce: flag,
  reading: oneOf<SectorReading>(...sectorReadings),
};
