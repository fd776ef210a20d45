import {readFileSync, symlinkSync, writeFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {checks} from '../../toolstack/conform/checks/index.ts';
import {attacks} from '../../toolstack/conform/attacks/index.ts';
import type {Check} from '../../toolstack/conform/check.ts';
import {tableReport} from '../../toolstack/conform/report/table.ts';
import {checkJobs} from '../../toolstack/conform/run/job.ts';
import {runJobs} from '../../toolstack/conform/run/pool.ts';
import type {Result} from '../../toolstack/conform/verdict.ts';
import {temporaryDirectory} from '../support/temporary.ts';

const EXAMPLE = resolve('examples/my-blkfront.ts');
const guide = readFileSync('docs/testing-your-driver.md', 'utf8');

const ofFrontend = (all: readonly Check[], clause: RegExp): Check[] =>
  all.filter((each) => each.subject === 'frontend/vbd' && clause.test(each.clause));

const run = (path: string, selected: readonly Check[]): Promise<Result[]> =>
  runJobs({iut: {kind: 'module', path}, iutName: 'my-blkfront.ts', jobs: checkJobs(selected, 1)});

/** Lines of a run's table but for the counts at its end, which grow with the checks. */
const linesOf = (results: readonly Result[]): string[] =>
  tableReport([
    {
      iut: 'my-blkfront.ts',
      clauses: [],
      checks,
      profiles: [],
      seed: 1,
      results: results.map((result) => ({...result, iut: 'my-blkfront.ts'})),
    },
  ])
    .trimEnd()
    .split('\n')
    .slice(0, -1);

const mustStandInGuide = (t: ExecutionContext, lines: readonly string[]): void => {
  t.true(lines.length > 0);
  for (const line of lines) t.true(guide.includes(line), line);
};

const blocks = (language: string): string[] =>
  Array.from(guide.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms')), (match) => match[1]);

test.serial('the example of the guide keeps the rules of rings, and the guide shows what is left open', async (t) => {
  const results = await run(EXAMPLE, ofFrontend(checks, /^RING/));
  t.deepEqual(
    results.filter(({verdict}) => verdict === 'fail' || verdict === 'error').map(({check}) => check),
    [],
  );
  mustStandInGuide(t, linesOf(results));
});

test.serial('the rule that the guide breaks is found, with the words of the guide', async (t) => {
  const [taken, put] = blocks('diff')[0]
    .trim()
    .split('\n')
    .map((line) => line.slice(1));
  const directory = temporaryDirectory(t);
  symlinkSync(resolve('node_modules'), join(directory, 'node_modules'), 'junction');
  const text = readFileSync(EXAMPLE, 'utf8');
  t.true(text.includes(taken), 'the line that the guide takes out');
  const path = join(directory, 'my-blkfront.ts');
  writeFileSync(path, text.replace(taken, put));
  const results = await run(path, ofFrontend(checks, /^RING-(ORD|NTF|IDX)/));
  const failed = results.filter(({verdict}) => verdict !== 'pass' && verdict !== 'inconclusive');
  t.deepEqual(
    failed.map(({clause, verdict}) => `${clause} ${verdict}`),
    ['RING-ORD-04 fail'],
  );
  mustStandInGuide(t, linesOf(results));
  for (const {timeNs, what} of failed[0].steps?.slice(-8) ?? [])
    t.true(
      guide.split('\n').some((line) => line.trim().startsWith(`${timeNs} |`) && line.includes(`| ${what}`)),
      what,
    );
});

test.serial('what the guide says the example lacks is what is found', async (t) => {
  const results = await run(EXAMPLE, ofFrontend(checks, /^(XENBUS-LIFE-04|BLKIF-NEG-18)$/));
  t.deepEqual(
    results.map(({verdict}) => verdict),
    ['fail', 'fail'],
  );
  for (const {seen} of results) t.true(guide.includes(seen ?? 'nothing'), seen);
});

test.serial('the example repels the attacks of backends', async (t) => {
  const results = await run(EXAMPLE, ofFrontend(attacks, /./));
  t.deepEqual(
    results.filter(({verdict}) => verdict !== 'pass').map(({check}) => check),
    [],
  );
});
