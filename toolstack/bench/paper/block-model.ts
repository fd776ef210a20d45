import {type Modelled, modelWork, type Work} from '../../../hypervisor/cost/index.ts';
import type {Counter} from './counter.ts';
import {meanOf, type Mix} from './mix.ts';
import type {Setup} from './setups.ts';
import {blockBackend, blockGuest, blockPage, timeOf} from './software.ts';

/** More under way than a network of these stations tells apart. */
const MOST_UNDER_WAY = 1024;
const PAGE_BYTES = 4096;
/** Of the lock that a guest's CPUs share: its one ring's, or of many rings that of the grants that they have in common. */
const LOCK_TAKES = 1;

export interface BlockLoad {
  readonly setup: Setup;
  /** Each with a thread of the backend. */
  readonly rings: number;
  /** Programs that do I/O in a guest, each on a vCPU while there are any left. */
  readonly jobs: number;
  /** Requests of each program under way. */
  readonly depth: number;
  /** Of a request, by its part of all. */
  readonly sizes: Mix<number>;
  readonly guests?: number;
}

/** Software of every block table. */
export const blockSoftware = [blockGuest, blockBackend, blockPage];

/** Pages of a request after its first. */
const morePages = (sizeBytes: number): number => Math.ceil(sizeBytes / PAGE_BYTES) - 1;

/** Requests of guests that programs keep busy, from what one request counted. */
export const modelBlock = (work: Work, load: BlockLoad, {list}: Counter): Modelled => {
  const {setup, rings, jobs, depth, sizes, guests = 1} = load;
  const guestCpus = Math.min(jobs, setup.guestCpus);
  const backendCpus = Math.min(guests * rings, setup.dom0Cpus);
  return modelWork(work, Math.min(jobs * depth, MOST_UNDER_WAY), list, {
    guests,
    guestCpus,
    backendCpus,
    guestNs: timeOf(blockGuest, setup),
    backendNs: timeOf(blockBackend, setup) + meanOf(sizes, morePages) * timeOf(blockPage, setup),
    driverLock: guests === 1 ? {takes: LOCK_TAKES, contenders: guestCpus} : undefined,
    device: setup.device && {serviceNs: (meanOf(sizes, (bytes) => bytes) / setup.device.bytesPerSec) * 1e9},
  });
};
