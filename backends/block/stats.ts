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

/** One drained event. */
export interface BlockBatch {
  /** Taken out of the ring, and answered: fewer where storage takes its time. */
  requests: number;
  responses: number;
  /** Whether the frontend had asked to be told. */
  notified: boolean;
}

export const newStatistics = (): BlockStatistics => ({
  rd_req: 0,
  wr_req: 0,
  f_req: 0,
  ds_req: 0,
  rd_sect: 0,
  wr_sect: 0,
  oo_req: 0,
  errors: 0,
});
