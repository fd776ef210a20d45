import {DEFAULT_SETUP} from '../../toolstack/bench/bench-setup.ts';
import {type BenchResults, type DonePoint, type PointResult, RESULT_VERSION} from '../../toolstack/bench/result.ts';
import {prices} from './point.ts';

/** What a run of those points would have written. */
export const resultsOf = (results: readonly PointResult[], change: Partial<BenchResults> = {}): BenchResults => ({
  format: 'pvsim-bench',
  version: RESULT_VERSION,
  pvsim: '0.1.0',
  node: '20.0.0',
  command: 'pvsim bench block --seed 1',
  seed: 1,
  complete: results.every(({state}) => state === 'done'),
  priceList: {name: prices.name, source: prices.source, prices: prices.tags},
  setup: {name: DEFAULT_SETUP.name, what: DEFAULT_SETUP.what},
  results: [...results],
  ...change,
});

/** The same point with other measured times. */
export const measuredAs = (point: DonePoint, hostNsPerIo: readonly number[]): DonePoint => ({
  ...point,
  measured: {hostNsPerIo: [...hostNsPerIo]},
});
