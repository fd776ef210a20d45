import {readFileSync} from 'node:fs';
import test from 'ava';
import {z} from 'zod';
import {benchResults} from '../../toolstack/bench/result.ts';
import {done, pointOf} from './point.ts';
import {resultsOf} from './results.ts';

const SCHEMA = 'docs/bench-results.schema.json';

test(`${SCHEMA} is the schema that files are read by`, (t) => {
  const schema: unknown = JSON.parse(readFileSync(SCHEMA, 'utf8'));
  t.deepEqual(schema, z.toJSONSchema(benchResults));
});

test('what is written is read as it was', async (t) => {
  const point = pointOf({depth: 2});
  const results = resultsOf([
    await done(pointOf()),
    {state: 'failed', point, reason: 'wedged'},
    {state: 'not run', point},
  ]);
  t.deepEqual(benchResults.parse(JSON.parse(JSON.stringify(results))), results);
});

const spoilt: readonly [string, object][] = [
  ['a field too many', {more: 1}],
  ['another version', {version: 2}],
  ['another format', {format: 'pvsim-trace'}],
  ['no seed', {seed: undefined}],
  ['a seed below 0', {seed: -1}],
  ['a point of no state', {results: [{state: 'lost', point: pointOf()}]}],
  ['a point of no device', {results: [{state: 'not run', point: {...pointOf(), device: 'tape'}}]}],
  ['half a guest', {results: [{state: 'not run', point: {...pointOf(), guests: 0.5}}]}],
];

for (const [what, change] of spoilt) {
  test(`refused: ${what}`, (t) => {
    t.false(benchResults.safeParse({...resultsOf([]), ...change}).success);
  });
}
