import {counted, primitiveNames, type PrimitiveName} from './primitives.ts';

/** The guest's end, or that of the backend or device model. */
export type Side = 'front' | 'back';

/** Counts by primitive, @see counted. */
export type Counts = Float64Array;

export interface AccountName {
  /** The guest that has the device. */
  readonly domid: number;
  /** As xenstore calls it: "vbd/51712"; an emulated one: "ide"; what is no device's: "cpu", "unclaimed". */
  readonly device: string;
  readonly side: Side;
}

/** An account as it stood at some time, or what was added between two times. */
export interface Entry extends AccountName {
  readonly counts: Counts;
}

/** What was added between two readings of a ledger. */
export const difference = (later: readonly Entry[], earlier: readonly Entry[]): Entry[] => {
  const before = new Map(earlier.map((entry) => [keyOf(entry), entry.counts]));
  return later.map((entry) => {
    const old = before.get(keyOf(entry));
    return {...entry, counts: entry.counts.map((count, i) => count - (old?.[i] ?? 0))};
  });
};

/** The sum of all entries. */
export const sum = (entries: readonly {readonly counts: Counts}[]): Counts => {
  const total = new Float64Array(primitiveNames.length);
  for (const {counts} of entries) for (let i = 0; i < total.length; i++) total[i] += counts[i];
  return total;
};

/** What there is of it, by name: {pio: 12, irq: 1}. */
export const toRecord = (counts: Counts): Partial<Record<PrimitiveName, number>> =>
  Object.fromEntries(
    primitiveNames.filter((name) => counts[counted[name]] !== 0).map((name) => [name, counts[counted[name]]]),
  );

/** "d1 vbd/51712 front hypercall=2 evtchnSend=2 upcall=1" */
export const formatEntry = ({domid, device, side, counts}: Entry): string =>
  [`d${domid} ${device} ${side}`, ...Object.entries(toRecord(counts)).map(([name, count]) => `${name}=${count}`)].join(
    ' ',
  );

export const keyOf = ({domid, device, side}: AccountName): string => `${domid} ${device} ${side}`;
