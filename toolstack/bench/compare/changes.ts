import {formatPoint} from '../point.ts';
import type {BenchResults, DonePoint} from '../result.ts';
import {type RatioInterval, ratioOfMeans} from './interval.ts';

/** That all intervals of a comparison hold together: each point's is wider the more points there are. */
const FAMILY_LEVEL = 0.95;
/** Counts are quotients. */
const SAME = 1e-9;

/** An exact difference: nothing but the code, the seed or the prices can have made it. */
export interface ExactChange {
  readonly point: string;
  readonly what: string;
  readonly before: number;
  readonly after: number;
}

export interface MeasuredChange extends RatioInterval {
  readonly point: string;
}

export interface Comparison {
  readonly compared: number;
  /** Points done in one of the two only. */
  readonly unpaired: number;
  readonly counted: readonly ExactChange[];
  readonly modelled: readonly ExactChange[];
  /** Those whose interval lies beyond `leastChange` on one side. */
  readonly measured: readonly MeasuredChange[];
}

/** Compares points that both have done. `leastChange` as in 0.05: smaller changes of measured times are of no interest. */
export const compareResults = (before: BenchResults, after: BenchResults, leastChange: number): Comparison => {
  const [old, now] = [byPoint(before), byPoint(after)];
  const names = [...old.keys()].filter((name) => now.has(name));
  const pairs = names.map((point) => ({point, a: old.get(point) as DonePoint, b: now.get(point) as DonePoint}));
  const level = 1 - (1 - FAMILY_LEVEL) / Math.max(1, pairs.length);
  const ratios = pairs.map(({point, a, b}) => ({
    point,
    ...ratioOfMeans(a.measured.hostNsPerIo, b.measured.hostNsPerIo, level, before.seed),
  }));
  return {
    compared: pairs.length,
    unpaired: old.size + now.size - 2 * pairs.length,
    counted: pairs.flatMap(({point, a, b}) => exactChanges(point, countsOf(a), countsOf(b))),
    modelled: pairs.flatMap(({point, a, b}) => exactChanges(point, timesOf(a), timesOf(b))),
    measured: ratios.filter(({low, high}) => low > 1 + leastChange || high < 1 / (1 + leastChange)),
  };
};

const byPoint = ({results}: BenchResults): Map<string, DonePoint> =>
  new Map(results.filter((result) => result.state === 'done').map((result) => [formatPoint(result.point), result]));

type Figures = Readonly<Record<string, number>>;

const countsOf = ({counted}: DonePoint): Figures =>
  Object.fromEntries(
    Object.entries(counted).flatMap(([side, counts]) =>
      Object.entries(counts).map(([name, count]) => [`${side} ${name}`, count]),
    ),
  );

const timesOf = ({modelled: {latencyNs, throughputPerSec}}: DonePoint): Figures => ({
  'latency, µs': latencyNs / 1e3,
  'I/Os a second': throughputPerSec,
});

const exactChanges = (point: string, before: Figures, after: Figures): ExactChange[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])]
    .map((what) => ({point, what, before: before[what] ?? 0, after: after[what] ?? 0}))
    .filter((change) => Math.abs(change.after - change.before) > SAME * Math.abs(change.before));
