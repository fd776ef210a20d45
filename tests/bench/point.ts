import {parsePriceList} from '../../hypervisor/cost/index.ts';
import {DEFAULT_SETUP} from '../../toolstack/bench/bench-setup.ts';
import {findDriver} from '../../toolstack/bench/drivers/index.ts';
import type {BenchPoint} from '../../toolstack/bench/point.ts';
import type {DonePoint, PointResult} from '../../toolstack/bench/result.ts';
import {runPoint} from '../../toolstack/bench/run-point.ts';

export const prices = parsePriceList();

/** Reads of 4 KiB by blkfront, one at a time, but for what is given. */
export const pointOf = (change: Partial<BenchPoint> = {}): BenchPoint => ({
  device: 'block',
  driver: 'pv',
  operation: 'read',
  sizeBytes: 4096,
  depth: 1,
  queues: 1,
  guests: 1,
  ...change,
});

export const runBy = (point: BenchPoint, seed = 1): Promise<PointResult> =>
  runPoint(findDriver(point), point, seed, {list: prices, setup: DEFAULT_SETUP});

/** Throws where it fails. */
export const done = async (point: BenchPoint, seed = 1): Promise<DonePoint> => {
  const result = await runBy(point, seed);
  if (result.state !== 'done') throw new Error(JSON.stringify(result));
  return result;
};
