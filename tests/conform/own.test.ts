import test from 'ava';
import {attacks} from '../../toolstack/conform/attacks/index.ts';
import {advisoryOf, clauseOf} from '../../toolstack/conform/catalogue/index.ts';
import {checks} from '../../toolstack/conform/checks/index.ts';
import {escaped} from '../../toolstack/conform/cli/survivors.ts';
import {explanation} from '../../toolstack/conform/report/index.ts';
import {checkJobs, mutantJobs} from '../../toolstack/conform/run/job.ts';
import {runJobs} from '../../toolstack/conform/run/pool.ts';
import type {Result} from '../../toolstack/conform/verdict.ts';

const own = {iut: {kind: 'own'}, iutName: 'pvsim'} as const;
const lineOf = (result: Result): string =>
  `${result.check} ${result.mutant ?? ''}: ${result.verdict} ${explanation(result)}`;

/** Left out by our drivers, with the reason. */
const inconclusive: readonly string[] = [];

test.serial('our own drivers keep every clause that has a check', async (t) => {
  const results = await runJobs({...own, jobs: checkJobs(checks, 1)});
  t.deepEqual(results.filter(({verdict}) => verdict === 'fail' || verdict === 'error').map(lineOf), []);
  t.deepEqual(
    results.filter(({verdict}) => verdict === 'inconclusive').map(({check}) => check),
    inconclusive,
  );
});

test.serial('our own drivers repel every attack', async (t) => {
  const results = await runJobs({...own, jobs: checkJobs(attacks, 1)});
  t.deepEqual(results.filter(({verdict}) => verdict !== 'pass').map(lineOf), []);
});

test.serial('every seeded fault is seen by its check', async (t) => {
  const results = await runJobs({...own, jobs: mutantJobs([...checks, ...attacks], 1)});
  t.deepEqual(escaped(results).map(lineOf), []);
});

test('every check has a clause, a name of its own and a fault to find', (t) => {
  for (const {name, clause, mutants} of [...checks, ...attacks]) {
    t.truthy(clauseOf(clause) ?? advisoryOf(clause), name);
    t.true(mutants.length > 0, name);
    t.is(new Set(mutants.map((mutant) => mutant.name)).size, mutants.length, name);
  }
  const names = [...checks, ...attacks].map(({name}) => name);
  t.is(new Set(names).size, names.length);
});
