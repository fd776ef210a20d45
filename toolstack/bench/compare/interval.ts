import {mean, quantileSorted, sampleWithReplacement} from 'simple-statistics';
import {Random} from '../../../hypervisor/schedule/index.ts';

const RESAMPLES = 4000;

/** How much larger means are than others, as a ratio, and where that lies with some confidence. */
export interface RatioInterval {
  readonly ratio: number;
  readonly low: number;
  readonly high: number;
}

/** Ratio of the means of `after` and `before`, with a bootstrap interval by percentiles; `level` as in 0.95. */
export const ratioOfMeans = (
  before: readonly number[],
  after: readonly number[],
  level: number,
  seed: number,
): RatioInterval => {
  const random = new Random(seed);
  const source = (): number => random.u32() / 2 ** 32;
  const resampled = (values: readonly number[]): number =>
    mean(sampleWithReplacement([...values], values.length, source));
  const ratios = Array.from({length: RESAMPLES}, () => resampled(after) / resampled(before)).sort((a, b) => a - b);
  const tail = (1 - level) / 2;
  return {
    ratio: mean([...after]) / mean([...before]),
    low: quantileSorted(ratios, tail),
    high: quantileSorted(ratios, 1 - tail),
  };
};
