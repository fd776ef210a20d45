import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {fixturePath} from '../support/fixtures.ts';
import {type Outcome, PVSIM, run} from '../support/run.ts';
import {temporaryDirectory} from '../support/temporary.ts';

const pvsim = (...args: readonly string[]): Promise<Outcome> => run(PVSIM, args, {});

test('--version is the package version', async (t) => {
  const {version} = JSON.parse(readFileSync('package.json', 'utf8')) as {version: string};
  t.deepEqual(await pvsim('--version'), {stdout: `${version}\n`, stderr: '', status: 0});
});

test('--help names the commands', async (t) => {
  const {stdout, status} = await pvsim('--help');
  for (const command of ['host', 'image', 'abi', 'xenbus']) t.regex(stdout, new RegExp(`^ +pvsim ${command} `, 'm'));
  t.is(status, 0);
});

/** Mistakes: one line each, with what may have been meant. */
const mistakes: readonly [args: string, stderr: string, status: number][] = [
  ['', 'pvsim: a command is missing; see "pvsim --help"\n', 2],
  ['host', 'pvsim: a command is missing; see "pvsim --help"\n', 2],
  ['hots', 'pvsim: unknown command "hots", did you mean host?; see "pvsim --help"\n', 2],
  ['host statsu', 'pvsim: unknown command "statsu", did you mean status?; see "pvsim --help"\n', 2],
  ['host status --nosuch', 'pvsim: unknown argument: nosuch; see "pvsim --help"\n', 2],
  ['host start --memory=much', 'pvsim: --memory must be a number of MiB\n', 2],
  ['host start --bridge=a,b,c', 'pvsim: "a,b,c" is not of the form NAME[,[nat=]ADDRESS OF DOM0]\n', 1],
  ['host stop --timeout=-1', 'pvsim: --timeout is out of range\n', 2],
  ['abi show', 'pvsim: an argument is missing; see "pvsim --help"\n', 2],
  ['abi show nosuchstruct', 'pvsim: unknown struct "nosuchstruct"\n', 1],
  ['abi replay /nosuch', 'pvsim: /nosuch: No such file or directory\n', 1],
  ['abi replay .', 'pvsim: .: Is a directory\n', 1],
];

for (const [args, stderr, status] of mistakes) {
  test(`pvsim ${args}`, async (t) => {
    t.deepEqual(await pvsim(...args.split(' ').filter((word) => word !== '')), {stdout: '', stderr, status});
  });
}

test('abi show prints a layout of either ABI', async (t) => {
  const {stdout, status} = await pvsim('abi', 'show', 'blkif_request', '--abi', 'x86_32');
  t.regex(stdout, /^struct blkif_request \{\n/);
  t.regex(stdout, /\tuint64_t +sector_number; +\/\* +12 +8 \*\/\n/);
  t.is(status, 0);
  t.regex((await pvsim('abi', 'show', 'blkif_request')).stdout, /\tuint64_t +sector_number; +\/\* +16 +8 \*\/\n/);
});

test('abi list has a name a line', async (t) => {
  const {stdout} = await pvsim('abi', 'list');
  t.true(stdout.split('\n').includes('blkif_request'));
});

test('abi replay counts steps, and fails when the ring does otherwise', async (t) => {
  const file = fixturePath('abi', 'ring-vectors.jsonl');
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  t.deepEqual(await pvsim('abi', 'replay', file), {
    stdout: `steps ${lines.length}, mismatches 0\n`,
    stderr: '',
    status: 0,
  });
  const changed = join(temporaryDirectory(t), 'changed.jsonl');
  writeFileSync(
    changed,
    lines
      .slice(0, 10)
      .join('\n')
      .replace(/"h":"?\w/, (hash) => `${hash.slice(0, -1)}${hash.endsWith('1') ? 2 : 1}`),
  );
  const {stdout, stderr, status} = await pvsim('abi', 'replay', changed);
  t.is(stdout, 'steps 10, mismatches 1\n');
  t.regex(stderr, /^pvsim: .*changed\.jsonl: line \d+: \w+: h: .* expected, .* found\n$/);
  t.is(status, 1);
});

test('abi replay of something else names the line', async (t) => {
  const {stdout, stderr, status} = await pvsim('abi', 'replay', 'package.json');
  t.deepEqual([stdout, stderr, status], ['', 'pvsim: package.json: line 1: not JSON\n', 1]);
});

test('xenbus prints a line for each state of each end', async (t) => {
  const {stdout, status} = await pvsim('xenbus');
  t.is(stdout.trimEnd().split('\n').length, 18);
  t.regex(stdout, /^frontend Connected -> .*Closing/m);
  t.is(status, 0);
});
