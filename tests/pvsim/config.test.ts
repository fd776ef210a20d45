import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {readFixture} from '../support/fixtures.ts';
import {launch, type Outcome, outcomeOf, PVSIM, run} from '../support/run.ts';
import {temporaryDirectory} from '../support/temporary.ts';

const config = (...args: readonly string[]): Promise<Outcome> => run(PVSIM, ['config', ...args], {});

const batch = async (kind: string, questions: readonly object[]): Promise<Record<string, unknown>[]> => {
  const child = launch(PVSIM, ['config', kind, '--batch'], {});
  child.stdin?.end(questions.map((question) => `${JSON.stringify(question)}\n`).join(''));
  const {stdout, stderr, status} = await outcomeOf(child);
  if (status !== 0) throw new Error(stderr);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
};

const recorded = (name: string): Record<string, unknown>[] =>
  readFixture('config', name)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

for (const [kind, file, key] of [
  ['parse', 'fuzz-cfg.jsonl', 'text'],
  ['rate', 'fuzz-vif-rate.jsonl', 'rate'],
  ['cpus', 'fuzz-cpulist.jsonl', 'cpus'],
]) {
  test(`${kind} --batch answers ${file}`, async (t) => {
    const facts = recorded(file);
    const answers = await batch(
      kind,
      facts.map((fact) => ({[key]: fact[key]})),
    );
    t.is(answers.length, facts.length);
    for (const [index, fact] of facts.entries()) t.like(answers[index], fact);
  });
}

test('disk --batch takes a specification or the arguments of block-attach', async (t) => {
  const [one, two] = await batch('disk', [{spec: '/a,raw,xvda,w'}, {args: ['vdev=xvda', '/a']}]);
  t.like(one, {spec: '/a,raw,xvda,w', ok: true, devid: 51_712});
  t.like(two, {args: ['vdev=xvda', '/a'], ok: true, disk: {pdev_path: '/a'}, xl_exit: 0});
});

test('a line of a batch that is no question is answered with its error, and the rest goes on', async (t) => {
  const child = launch(PVSIM, ['config', 'rate', '--batch'], {});
  child.stdin?.end('junk\n[]\n{"rate":5}\n{"rate":"1B/s"}\n');
  const {stdout, status} = await outcomeOf(child);
  const lines = stdout.trim().split('\n');
  t.is(status, 0);
  t.is(lines.length, 4);
  t.deepEqual(JSON.parse(lines[2]), {rate: 5, error: 'not {"rate"}'});
  t.regex(lines[3], /"ok":true/);
});

test('one question on the command line: the answer, and the exit status of a refusal', async (t) => {
  t.deepEqual(await config('cpus', '0-3,^1'), {
    stdout: '{"exit":0,"cpumap":"0,2-3","stderr":[]}\n',
    stderr: '',
    status: 0,
  });
  t.is((await config('rate', '1x')).status, 1);
  t.like(await config('cpus'), {stderr: 'pvsim: LIST or --batch is missing\n', status: 2});
});

test('parse prints the settings of a file; big numbers are exact', async (t) => {
  const file = join(temporaryDirectory(t), 'a.cfg');
  writeFileSync(file, 'name = "n"\nbig = 9223372036854775807\n');
  const {stdout, status} = await config('parse', file);
  t.is(status, 0);
  t.regex(stdout, /"as_number":\{.*"big":9223372036854775807\}/);
  t.like(JSON.parse(stdout), {ok: true, settings: {name: 'n'}, lines: {name: 1, big: 2}});
});

test('parse and lint of what cannot be read', async (t) => {
  t.deepEqual(await config('parse', '/nosuch'), {
    stdout: '',
    stderr: 'pvsim: /nosuch: No such file or directory\n',
    status: 1,
  });
  t.like(await config('lint', '.'), {stderr: 'pvsim: .: Is a directory\n', status: 1});
});

test('lint: findings on stdout, exit status 1 when one is an error', async (t) => {
  const dir = temporaryDirectory(t);
  writeFileSync(join(dir, 'good.cfg'), 'name = "n"\nkernel = "builtin"\n');
  writeFileSync(join(dir, 'bad.cfg'), 'name = n\n');
  t.deepEqual(await config('lint', join(dir, 'good.cfg')), {stdout: '', stderr: '', status: 0});
  const {stdout, status} = await config('lint', join(dir, 'bad.cfg'));
  t.is(status, 1);
  t.regex(stdout, /bad\.cfg:1:8: error: .*\n {2}name = n\n {9}\^\n {2}put the string in quotes\n$/);
});
