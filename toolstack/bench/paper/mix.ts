import type {Entry, Work} from '../../../hypervisor/cost/index.ts';

/** Kinds of requests, each with its part of all; the parts are 1 together. */
export type Mix<Kind> = readonly (readonly [part: number, kind: Kind])[];

/** A number that each kind has, on average. */
export const meanOf = <Kind>(mix: Mix<Kind>, of: (kind: Kind) => number): number =>
  mix.reduce((sum, [part, kind]) => sum + part * of(kind), 0);

/** What one request of a mix counts. */
export const mixOf = async <Kind>(mix: Mix<Kind>, count: (kind: Kind) => Promise<Work>): Promise<Work> => {
  const entries: Entry[] = [];
  for (const [part, kind] of mix) {
    const work = await count(kind);
    entries.push(...scaled(work.entries, part / work.requests));
  }
  return {entries, requests: 1};
};

/** So many times as much of everything. */
const scaled = (entries: readonly Entry[], factor: number): Entry[] =>
  entries.map((entry) => ({...entry, counts: entry.counts.map((count) => count * factor)}));
