import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {benchResults, type BenchResults} from '../../toolstack/bench/result.ts';
import {launch, type Outcome, outcomeOf, PVSIM, run} from '../support/run.ts';
import {temporaryDirectory} from '../support/temporary.ts';

const bench = (...args: readonly string[]): Promise<Outcome> => run(PVSIM, ['bench', ...args], {});

const parse = (text: string): BenchResults => benchResults.parse(JSON.parse(text));

/** One line each, before anything runs. */
const mistakes: readonly [args: string, stderr: string][] = [
  ['disk', 'pvsim bench: no device "disk": there are block, net, console, scsi, all'],
  ['block --sizes 0', 'pvsim bench: block pv: size 0 is not 512..1048576 in steps of 512'],
  ['block --depths 64', 'pvsim bench: block pv: depth 64 is not 1..32, what its rings hold'],
  ['net --drivers ide-pio', 'pvsim bench: --drivers ide-pio is a driver of block, not of net'],
  ['--drivers rtl8193', 'pvsim bench: no driver "rtl8193", did you mean rtl8139?'],
  [
    '--price dear',
    'pvsim bench: --price dear: no price list "dear": there are dall2016-x86, dall2016-arm, dall2016-kvm, splitx2011-x86',
  ],
  ['--price dall2016-x86,exit=1', 'pvsim bench: --price dall2016-x86,exit=1: no price "exit": there are '],
  ['--seed -1', 'pvsim bench: --seed -1: 0..4294967295 is due'],
  ['--report /nosuch/report.html', 'pvsim bench: /nosuch/report.html: ENOENT'],
  ['--linux /nosuch', 'pvsim bench: --linux /nosuch: no linux.cfg is there; "pvsim image build debian" makes it'],
  ['--linux /nosuch --sizes 4K', 'pvsim: arguments linux and sizes are mutually exclusive; see "pvsim --help"'],
  ['--nosuch', 'pvsim: unknown argument: nosuch; see "pvsim --help"'],
  ['compare a.json', 'pvsim: an argument is missing; see "pvsim --help"'],
  ['compare /nosuch.json /nosuch.json', 'pvsim bench: /nosuch.json: ENOENT'],
];

for (const [args, line] of mistakes) {
  test(`pvsim bench ${args}`, async (t) => {
    const {stdout, stderr, status} = await bench(...args.split(' '));
    t.deepEqual([stdout, status], ['', 2], stderr);
    t.is(stderr.trimEnd().split('\n').length, 1, stderr);
    t.true(stderr.startsWith(line), stderr);
  });
}

test('the drivers are listed with what they can do', async (t) => {
  const {stdout, status} = await bench('drivers');
  t.is(status, 0);
  t.regex(stdout, /^block +pv +blkfront.* \(512 B to 1 MiB, 32 at once on each of 16 queues\)$/m);
  t.regex(stdout, /^console +16550-polled /m);
});

test('a table on stdout, progress on stderr, and the command that does it again', async (t) => {
  const {stdout, stderr, status} = await bench(
    'block',
    '--drivers',
    'pv',
    '--sizes',
    '4K',
    '--depths',
    '1,8',
    '--seed',
    '3',
  );
  t.is(status, 0);
  t.regex(stdout, /COUNTED an I\/O.*MODELLED by dall2016-x86.*MEASURED here/);
  t.regex(stdout, /\n +pv +read +4 KiB +8 +1 +1 \|/);
  t.regex(stdout, /\nagain: pvsim bench block --drivers pv --sizes 4K --depths 1,8 --seed 3\n$/);
  t.regex(stderr, /0\/2 points/);
});

test('--json on stdout is what a reader takes; counts and modelled times come again from the seed', async (t) => {
  const args = ['console', '--sizes', '80', '--price', 'dall2016-kvm,upcall=1', '--json'];
  const [first, second] = [parse((await bench(...args)).stdout), parse((await bench(...args)).stdout)];
  t.is(first.priceList.name, 'dall2016-kvm,upcall=1');
  t.deepEqual(first.priceList.prices.upcall, {ns: 1, certainty: 'given', source: 'command line'});
  t.true(first.complete && first.results.length > 1);
  const exact = ({results}: BenchResults) =>
    results.map((result) => (result.state === 'done' ? {...result, measured: undefined} : result));
  t.deepEqual(exact(second), exact(first));
});

test('a file that cannot be written after all is told in a line; the table is there', async (t) => {
  const {stdout, stderr, status} = await bench('console', '--sizes', '1', '--json', '/dev/full');
  t.is(status, 1);
  t.true(stderr.endsWith('pvsim bench: /dev/full: ENOSPC\n'), stderr);
  t.regex(stdout, /COUNTED/);
});

test('Ctrl-C keeps what is done, and marks what is not in file, report and table', async (t) => {
  const directory = temporaryDirectory(t);
  const [json, report] = ['a.json', 'a.html'].map((name) => join(directory, name));
  const child = launch(PVSIM, ['bench', '--json', json, '--report', report], {});
  const ended = outcomeOf(child);
  await new Promise<void>((resolve) => {
    child.stderr?.on('data', (text: string) => {
      if (text.includes(' points')) resolve();
    });
  });
  child.kill('SIGINT');
  const {stdout, status} = await ended;
  t.is(status, 1);
  const {complete, results} = parse(readFileSync(json, 'utf8'));
  t.false(complete);
  const missing = results.filter(({state}) => state === 'not run').length;
  t.true(missing > 0);
  const marked = `${missing} of ${results.length} points`;
  t.true(stdout.includes(`${marked} are missing`), stdout);
  t.true(readFileSync(report, 'utf8').includes(`Incomplete: ${marked} failed or were not run`));
});
