import {Histogram} from './histogram.ts';

/** Counters of one disk under the names that Linux shows below /sys/bus/xen-backend/devices/vbd-D-V/statistics. */
export interface BlockStatistics {
  /** Requests to read, write, flush and discard, those refused included. */
  rd_req: number;
  wr_req: number;
  f_req: number;
  ds_req: number;
  /** Sectors of 512 bytes read and written. */
  rd_sect: number;
  wr_sect: number;
  /** Times that the ring held more than may be under way at once. */
  oo_req: number;
  /** Responses other than BLKIF_RSP_OKAY. Not in sysfs. */
  errors: number;
}

/** How requests were spread, by powers of two (@see Histogram.values). */
export interface BlockDistribution {
  /** From the backend's first look at the request until its response was published. */
  latencyNs: readonly number[];
  /** Pages of a request to read or write. */
  segments: readonly number[];
  /** Requests that an event found in the ring. */
  ringUse: readonly number[];
}

/** One drained event. */
export interface BlockBatch {
  /** Taken out of the ring, and answered: fewer where storage takes its time. */
  requests: number;
  responses: number;
  /** Whether the frontend had asked to be told. */
  notified: boolean;
}

/** What the queues of a disk count together. */
export class BlockMeter {
  readonly counters: BlockStatistics = {
    rd_req: 0,
    wr_req: 0,
    f_req: 0,
    ds_req: 0,
    rd_sect: 0,
    wr_sect: 0,
    oo_req: 0,
    errors: 0,
  };
  readonly latencyNs = new Histogram();
  readonly segments = new Histogram();
  readonly ringUse = new Histogram();

  get distribution(): BlockDistribution {
    const {latencyNs, segments, ringUse} = this;
    return {latencyNs: latencyNs.values(), segments: segments.values(), ringUse: ringUse.values()};
  }
}
