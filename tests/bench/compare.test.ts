import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {compareResults} from '../../toolstack/bench/compare/changes.ts';
import {ratioOfMeans} from '../../toolstack/bench/compare/interval.ts';
import {type Outcome, PVSIM, run} from '../support/run.ts';
import {temporaryDirectory} from '../support/temporary.ts';
import {done, pointOf} from './point.ts';
import {measuredAs, resultsOf} from './results.ts';

const steady = [100, 101, 99, 100, 102, 98, 100, 101, 99, 100];

test('an interval holds the ratio, and is the same for the same seed', (t) => {
  const slower = steady.map((ns) => ns * 1.5);
  const {ratio, low, high} = ratioOfMeans(steady, slower, 0.99, 1);
  t.true(Math.abs(ratio - 1.5) < 1e-9 && low < 1.5 && high > 1.5);
  t.true(low > 1.47 && high < 1.53);
  t.deepEqual(ratioOfMeans(steady, slower, 0.99, 1), {ratio, low, high});
  t.notDeepEqual(ratioOfMeans(steady, slower, 0.99, 2), {ratio, low, high});
});

test('what has not changed is no change', async (t) => {
  const same = resultsOf([measuredAs(await done(pointOf()), steady)]);
  const comparison = compareResults(same, same, 0.05);
  t.deepEqual(comparison, {compared: 1, unpaired: 0, counted: [], modelled: [], measured: []});
});

test('counts and modelled times change exactly', async (t) => {
  const before = measuredAs(await done(pointOf()), steady);
  const {counted, modelled} = before;
  const after = {
    ...before,
    counted: {front: {...counted.front, hypercall: 2}, back: counted.back},
    modelled: {...modelled, latencyNs: modelled.latencyNs + 1000},
  };
  const changes = compareResults(resultsOf([before]), resultsOf([after]), 0.05);
  const point = 'block pv read 4096 B, depth 1, 1 queue, 1 guest';
  t.deepEqual(changes.counted, [{point, what: 'front hypercall', before: 1, after: 2}]);
  t.is(changes.modelled.length, 1);
  t.is(changes.modelled[0].what, 'latency, µs');
  t.deepEqual(changes.measured, []);
});

test('a measured time has changed where its interval is beyond the least change', async (t) => {
  const point = await done(pointOf());
  const before = resultsOf([measuredAs(point, steady)]);
  const by = (factor: number, leastChange: number): number => {
    const after = resultsOf([
      measuredAs(
        point,
        steady.map((ns) => ns * factor),
      ),
    ]);
    return compareResults(before, after, leastChange).measured.length;
  };
  t.is(by(1.5, 0.05), 1);
  t.is(by(0.6, 0.05), 1);
  t.is(by(1.03, 0.05), 0);
  t.is(by(1.5, 1), 0);
});

test('noise is no change', async (t) => {
  const point = await done(pointOf());
  const noisy = (shift: number): number[] => steady.map((_, i) => 100 + ((i * 37 + shift) % 60));
  const [before, after] = [0, 11].map((shift) => resultsOf([measuredAs(point, noisy(shift))]));
  t.deepEqual(compareResults(before, after, 0.05).measured, []);
});

test('points that failed or were not run are not compared', async (t) => {
  const point = pointOf();
  const before = resultsOf([await done(point)]);
  const after = resultsOf([{state: 'failed', point, reason: 'wedged'}]);
  const {compared, unpaired} = compareResults(before, after, 0.05);
  t.deepEqual([compared, unpaired], [0, 1]);
});

const compare = (...args: readonly string[]): Promise<Outcome> => run(PVSIM, ['bench', 'compare', ...args], {});

test('exit status 0 without a change, 1 with one', async (t) => {
  const [a, b] = ['a.json', 'b.json'].map((name) => join(temporaryDirectory(t), name));
  const point = measuredAs(await done(pointOf()), steady);
  writeFileSync(a, JSON.stringify(resultsOf([point])));
  writeFileSync(
    b,
    JSON.stringify(
      resultsOf([
        measuredAs(
          point,
          steady.map((ns) => ns * 2),
        ),
      ]),
    ),
  );
  const same = await compare(a, a);
  t.deepEqual([same.status, same.stderr], [0, '']);
  t.regex(
    same.stdout,
    /^.*a\.json: pvsim 0\.1\.0, Node 20\.0\.0, seed 1$[^]*^1 points compared: 0 counts, 0 modelled times and 0 measured times/m,
  );
  const slower = await compare(a, b);
  t.is(slower.status, 1);
  t.regex(slower.stdout, /block pv read 4096 B.*: \+100\.0 % \[/);
});

test('files that say nothing about each other are refused in a line', async (t) => {
  const directory = temporaryDirectory(t);
  const good = resultsOf([await done(pointOf())]);
  const write = (name: string, value: unknown): string => {
    const path = join(directory, name);
    writeFileSync(path, typeof value === 'string' ? value : JSON.stringify(value));
    return path;
  };
  const a = write('a.json', good);
  const others: readonly [string, string, RegExp][] = [
    ['version.json', JSON.stringify({...good, version: 99}), /has no results of this version: version: /],
    [
      'point.json',
      JSON.stringify({...good, results: [{state: 'done'}]}),
      /has no results of this version: results\.0\./,
    ],
    [
      'list.json',
      JSON.stringify({...good, priceList: {...good.priceList, name: 'other'}}),
      /price lists differ: dall2016-x86 and other/,
    ],
    [
      'prices.json',
      JSON.stringify({...good, priceList: {...good.priceList, prices: {}}}),
      /the prices of dall2016-x86 are not the same/,
    ],
    ['setup.json', JSON.stringify({...good, setup: {name: 'gigabit', what: ''}}), /setups differ: path and gigabit/],
    ['text.json', 'no JSON at all', /text\.json: no JSON/],
  ];
  for (const [name, text, message] of others) {
    const {stdout, stderr, status} = await compare(a, write(name, text));
    t.deepEqual([stdout, status], ['', 2]);
    t.regex(stderr, message);
    t.is(stderr.trimEnd().split('\n').length, 1, stderr);
  }
  t.regex((await compare(a, join(directory, 'none.json'))).stderr, /none\.json: ENOENT/);
  const empty = write('empty.json', resultsOf([]));
  t.regex((await compare(a, empty)).stderr, /^pvsim bench: no point is done in both .*a\.json and .*empty\.json\n$/);
});
