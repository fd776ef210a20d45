import test from 'ava';
import type {PointResult} from '../../toolstack/bench/result.ts';
import {runPoints} from '../../toolstack/bench/run-points.ts';
import {PointRunner} from '../../toolstack/bench/runner.ts';
import {pointOf, prices} from './point.ts';

const terms = {seed: 1, price: prices.name, setup: 'path'};

test('points run in order; an abort leaves the rest undone, and says so', async (t) => {
  const points = [1, 2, 3, 4].map((depth) => pointOf({depth}));
  const abort = new AbortController();
  const told: PointResult[] = [];
  const onResult = (result: PointResult): void => {
    told.push(result);
    if (told.length === 2) abort.abort();
  };
  const results = await runPoints({...terms, points, onResult, signal: abort.signal});
  t.deepEqual(
    results.map(({state, point}) => [state, point.depth]),
    [
      ['done', 1],
      ['done', 2],
      ['not run', 3],
      ['not run', 4],
    ],
  );
  t.deepEqual(told, results.slice(0, 2));
});

test('a point that hangs its thread fails, and the next has a thread of its own', async (t) => {
  const runner = new PointRunner(terms, 1);
  const point = pointOf();
  const failed = {state: 'failed', point, reason: 'no end within 0.001 s of this machine'};
  t.deepEqual(await runner.run(point), failed);
  t.deepEqual(await runner.run(point), failed);
  await runner.end();
});
