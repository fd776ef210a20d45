/** Counters of one disk as the guest sees it. */
export interface BlockFrontStats {
  /** Requests put on the ring. */
  reads: number;
  writes: number;
  flushes: number;
  discards: number;
  /** Sectors of 512 bytes. */
  readSectors: number;
  writtenSectors: number;
  /** Responses that were not OKAY. */
  errors: number;
  /** Requests on the ring now. */
  inFlight: number;
  [name: string]: number;
}

export const newStats = (): BlockFrontStats => ({
  reads: 0,
  writes: 0,
  flushes: 0,
  discards: 0,
  readSectors: 0,
  writtenSectors: 0,
  errors: 0,
  inFlight: 0,
});
