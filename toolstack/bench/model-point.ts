import {
  costByPrimitive,
  modelWork,
  type PriceList,
  type Side,
  sum,
  toRecord,
  type Work,
} from '../../hypervisor/cost/index.ts';
import {type BenchSetup, surroundingsOf} from './bench-setup.ts';
import type {BenchPoint} from './point.ts';
import type {DonePoint} from './result.ts';

/** Of the machine that times are modelled of: the backend of each queue has one of its own while there are so many. */
export const DOM0_CPUS = 4;

/** What turns counts into times. */
export interface ModelTerms {
  readonly list: PriceList;
  readonly setup: BenchSetup;
}

/** What the ledger has of one request, by side. */
export const countedOf = (work: Work): DonePoint['counted'] => ({
  front: ofRequest('front', work),
  back: ofRequest('back', work),
});

const ofRequest = (side: Side, {entries, requests}: Work): Readonly<Record<string, number>> =>
  toRecord(sum(entries.filter((entry) => entry.side === side)).map((total) => total / requests));

/** What a price list makes of work that all guests of a point have done. */
export const modelPoint = (work: Work, point: BenchPoint, {list, setup}: ModelTerms): DonePoint['modelled'] => {
  const {guests, queues, depth} = point;
  const backendCpus = Math.min(DOM0_CPUS, queues * guests);
  const around = surroundingsOf(point, setup);
  const machine = {guests, guestCpus: queues, backendCpus, flushedCpus: DOM0_CPUS, ...around};
  const {latencyNs, throughputPerSec, bottleneck, demand} = modelWork(work, depth, list, machine);
  const {guestNs, backendNs, lockNs, waitNs} = demand;
  const costs = Object.entries(costByPrimitive(work.entries, list, DOM0_CPUS));
  const parts = Object.fromEntries(costs.map(([name, ns]) => [name, ns / work.requests]));
  return {latencyNs, throughputPerSec, bottleneck, guestNs, backendNs, lockNs, waitNs, parts};
};
