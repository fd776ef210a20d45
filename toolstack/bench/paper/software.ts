import type {Setup} from './setups.ts';

/**
 * Work of guest's and dom0's kernels that is not of the paravirtual path and that no ledger counts: file system, block
 * layer, TCP, the disk's own driver. Fitted once, to the cell that `source` names, and used by every table of its kind.
 */
export interface Software {
  readonly name: string;
  readonly what: string;
  /** Of the setup's CPU; 0 of what waits for memory, which no clock makes faster. */
  readonly cycles: number;
  readonly ns: number;
  readonly source: string;
}

const define = (name: string, cycles: number, what: string, source: string): Software => ({
  name,
  what,
  cycles,
  ns: 0,
  source,
});

export const blockGuest = define(
  'block-guest',
  52_800,
  'a request of a program, the block layer and blkfront, and its end, in the guest',
  'P10: 512 bytes, 8 rings, 264 k IOPS on 4 vCPUs of 3.5 GHz',
);

export const blockBackend = define(
  'block-backend',
  22_050,
  "a request in blkback's thread, and the disk's driver below it",
  'P10: 512 bytes, 1 ring, 158 k IOPS of one thread at 3.5 GHz',
);

export const blockPage: Software = {
  name: 'block-page',
  what: "each page of a request after its first, where its ring is served: a copy that misses the caches, the persistent grants' tree",
  cycles: 0,
  ns: 1730,
  source: 'P10: 8 KiB, 1 ring, 124 k IOPS',
};

export const netTx = define(
  'net-tx',
  835,
  'a packet of pktgen through netfront and netback into dom0, at either end',
  'P12: TX, 1 queue, static grants, 2.49 Mpps at 2.2 GHz',
);

export const netRx = define(
  'net-rx',
  712,
  'the same from dom0 to the guest',
  'P12: RX, 1 queue, static grants, 2.96 Mpps at 2.2 GHz',
);

export const tcpBulk = define(
  'tcp-bulk',
  24_700,
  '64 KiB of TCP between a guest and dom0, at the busier end',
  'P11: TX, 1 queue, static grants, 38189 Mbit/s at 2.2 GHz',
);

/** ns on the setup's CPU. */
export const timeOf = ({cycles, ns}: Software, {ghz}: Pick<Setup, 'ghz'>): number => cycles / ghz + ns;
