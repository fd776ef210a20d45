import type {Entry, Side} from './reading.ts';
import type {PriceList} from './price-list.ts';
import {counted, type Payer, type Price, primitiveNames, primitives, type PrimitiveName} from './primitives.ts';
import {busyDemandNs, type NetworkLoad, solveNetwork, type Station} from './queueing-network.ts';

/** Nanoseconds of one or of many requests, by who pays. */
export interface Demand {
  /** CPU of the guest, in its own code or in Xen on its behalf; an access waits there for its device model. */
  guestNs: number;
  /** CPU of the backend's domain, the same way. */
  backendNs: number;
  /** CPU of the device model while the guest waits for it: part of guestNs. */
  modelNs: number;
  /** A lock of the host. */
  lockNs: number;
  /** Nobody's CPU. */
  waitNs: number;
}

export interface Machine {
  /** Guests that do the same work at the same time; 1 by default. */
  readonly guests?: number;
  /** CPUs that each guest's I/O can use; 1 by default. */
  readonly guestCpus?: number;
  /** CPUs or threads that serve all guests; 1 by default. */
  readonly backendCpus?: number;
  /** CPUs that run dom0 when it flushes TLBs; as many as backendCpus by default. */
  readonly flushedCpus?: number;
  /** A lock of the drivers' software: how often a request takes it, and how many CPUs may want it at once. */
  readonly driverLock?: {readonly takes: number; readonly contenders: number};
  /** The disk or link, and how many requests it serves at a time, 1 by default. None: it takes no time. */
  readonly device?: {readonly serviceNs: number; readonly parallel?: number};
  /** What a request takes of each CPU beyond what is counted: the rest of both kernels' software. 0 by default. */
  readonly guestNs?: number;
  readonly backendNs?: number;
}

/** What one guest's work counted. */
export interface Work {
  readonly entries: readonly Entry[];
  /** Requests that it was for, more than 0. */
  readonly requests: number;
}

/** A time that nobody measured. */
export interface Modelled extends NetworkLoad {
  /** Of the price list that it is from: printed with it. */
  readonly priceList: string;
  readonly demand: Demand;
  /** The station that limits it when more is under way. */
  readonly bottleneck: string;
}

/** What all of the counts cost, by who pays. */
export const demandOf = (entries: readonly Entry[], list: PriceList, flushedCpus = 1): Demand => {
  const demand: Demand = {guestNs: 0, backendNs: 0, modelNs: 0, lockNs: 0, waitNs: 0};
  for (const {side, counts} of entries) {
    for (const name of primitiveNames) {
      const count = counts[counted[name]];
      if (count === 0) continue;
      for (const [payer, price] of primitives[name].charges)
        demand[purse(payer, side)] += count * priceNs(price, side, list, flushedCpus);
    }
  }
  return demand;
};

/** What each primitive of the counts costs in all, whoever pays: the parts of a bar. */
export const costByPrimitive = (
  entries: readonly Entry[],
  list: PriceList,
  flushedCpus = 1,
): Partial<Record<PrimitiveName, number>> => {
  const costs: Partial<Record<PrimitiveName, number>> = {};
  for (const {side, counts} of entries) {
    for (const name of primitiveNames) {
      const count = counts[counted[name]];
      // What the device model is busy with is in the time that the guest waits for it.
      const each = primitives[name].charges
        .filter(([payer]) => payer !== 'model')
        .reduce((total, [, price]) => total + priceNs(price, side, list, flushedCpus), 0);
      if (count * each > 0) costs[name] = (costs[name] ?? 0) + count * each;
    }
  }
  return costs;
};

/** Throughput and latency with `depth` requests of each guest under way, on a machine of which only the prices are known. */
export const modelWork = (
  {entries, requests}: Work,
  depth: number,
  list: PriceList,
  machine: Machine = {},
): Modelled => {
  const {guests = 1, guestCpus = 1, backendCpus = 1, flushedCpus = backendCpus, device, driverLock} = machine;
  const total = demandOf(entries, list, flushedCpus);
  const demand: Demand = {
    guestNs: total.guestNs / requests + (machine.guestNs ?? 0),
    backendNs: total.backendNs / requests + (machine.backendNs ?? 0),
    modelNs: total.modelNs / requests,
    lockNs: total.lockNs / requests,
    waitNs: waitNsOf({entries, requests}, depth, list),
  };
  const stations: Station[] = [
    {name: 'guest', demandNs: demand.guestNs, servers: guests * guestCpus},
    {name: 'backend', demandNs: demand.backendNs, servers: backendCpus},
    {name: 'lock', demandNs: demand.lockNs, servers: 1},
    {
      name: 'driver lock',
      demandNs: (driverLock?.takes ?? 0) * list.tags.lockLine.ns,
      servers: 1,
      contenders: driverLock?.contenders,
    },
    {name: 'device', demandNs: device?.serviceNs ?? 0, servers: device?.parallel ?? 1},
    {name: 'wait', demandNs: demand.waitNs, servers: Infinity},
  ];
  const underWay = guests * depth;
  const load = solveNetwork(stations, underWay);
  const busiest = stations.reduce((a, b) => (busyDemandNs(b) > busyDemandNs(a) ? b : a));
  const modelled: Modelled = {...load, priceList: list.name, demand, bottleneck: busiest.name};
  // Device models run while guests wait for them, which no station sees: they have the backend's CPUs.
  const mostPerSec = (backendCpus * 1e9) / (demand.modelNs + demand.backendNs);
  if (load.throughputPerSec <= mostPerSec) return modelled;
  return {...modelled, throughputPerSec: mostPerSec, latencyNs: (underWay * 1e9) / mostPerSec, bottleneck: 'backend'};
};

/**
 * What a request waits for others to wake up. The requests of a batch share an event, and each of them waits for it: with `depth`
 * under way one event holds up so many at most.
 */
const waitNsOf = ({entries, requests}: Work, depth: number, list: PriceList): number => {
  const groups = new Map<string, {ns: number; wakeNs: number}>();
  for (const entry of entries) {
    const key = `${entry.device} ${entry.side}`;
    const ns = demandOf([entry], list).waitNs / requests + (groups.get(key)?.ns ?? 0);
    groups.set(key, {ns, wakeNs: priceNs('wake', entry.side, list, 1)});
  }
  let total = 0;
  for (const {ns, wakeNs} of groups.values()) total += Math.max(ns, Math.min(wakeNs, ns * depth));
  return total;
};

const purse = (payer: Payer, side: Side): keyof Demand => {
  if (payer === 'self') return side === 'front' ? 'guestNs' : 'backendNs';
  return ({wait: 'waitNs', lock: 'lockNs', model: 'modelNs'} as const)[payer];
};

const priceNs = (price: Price | 'wake', side: Side, {tags}: PriceList, flushedCpus: number): number => {
  if (price === 'wake') return tags[side === 'front' ? 'wakeGuest' : 'wakeDom0'].ns;
  return price === 'grantFlushCpu' ? tags.grantFlushCpu.ns * (flushedCpus - 1) : tags[price].ns;
};
