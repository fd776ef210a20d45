import {
  type Counts,
  counted,
  type PrimitiveName,
  primitiveNames,
  type Side,
  type Work,
} from '../../../hypervisor/cost/index.ts';

export type CountsByName = Partial<Record<PrimitiveName, number>>;

/** What one request of a device counts that we have not: derived from its programming sequence, not run. */
export const derivedWork = (sides: Readonly<Record<Side, CountsByName>>): Work => ({
  entries: (['front', 'back'] as const).map((side) => ({
    domid: 1,
    device: 'derived',
    side,
    counts: countsOf(sides[side]),
  })),
  requests: 1,
});

/** The same without one kind of cost. */
export const without = ({entries, requests}: Work, name: PrimitiveName): Work => ({
  entries: entries.map((entry) => ({
    ...entry,
    counts: entry.counts.map((count, i) => (i === counted[name] ? 0 : count)),
  })),
  requests,
});

/** Both, one after the other, each for one request. */
export const inTurn = (a: Work, b: Work): Work => ({
  entries: [
    ...a.entries,
    ...b.entries.map((entry) => ({...entry, counts: entry.counts.map((count) => (count * a.requests) / b.requests)})),
  ],
  requests: a.requests,
});

const countsOf = (byName: CountsByName): Counts => Float64Array.from(primitiveNames, (name) => byName[name] ?? 0);
