import {type Modelled, modelWork, type Work} from '../../../hypervisor/cost/index.ts';
import type {Counter} from './counter.ts';
import type {Setup} from './setups.ts';
import {type Software, timeOf} from './software.ts';

/** Frames under way on each queue: a ring's. */
const RING_ENTRIES = 256;
const NS_PER_S = 1e9;

export interface NetLoad {
  readonly setup: Setup;
  /** Each with a vCPU of the guest and one of dom0. */
  readonly queues: number;
  /** Of a frame, at either end. */
  readonly software: Software;
  readonly sizeBytes: number;
}

/** Frames between a guest and dom0 on queues that are never empty, from what one frame counted. */
export const modelNet = (work: Work, {setup, queues, software, sizeBytes}: NetLoad, {list}: Counter): Modelled =>
  modelWork(work, RING_ENTRIES * queues, list, {
    guestCpus: Math.min(queues, setup.guestCpus),
    backendCpus: Math.min(queues, setup.dom0Cpus),
    guestNs: timeOf(software, setup),
    backendNs: timeOf(software, setup),
    device: setup.device && {serviceNs: (sizeBytes / setup.device.bytesPerSec) * NS_PER_S},
  });
