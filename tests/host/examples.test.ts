import {spawnSync} from 'node:child_process';
import test from 'ava';

const run = (t: {is: (a: unknown, b: unknown, message?: string) => void}, ...args: string[]): string => {
  const {status, stdout, stderr} = spawnSync(process.execPath, args, {encoding: 'utf8', timeout: 60_000});
  t.is(status, 0, stderr);
  t.is(stderr, '');
  return stdout;
};

const total = (text: string, what: string): number =>
  Array.from(text.matchAll(new RegExp(`(\\d+) ${what}`, 'g')), ([, count]) => Number(count)).reduce((a, b) => a + b, 0);

/** 4 MiB in blocks of 256 KiB, each of 2 requests of 32 pages; a flush by dd and one at the end. */
const WATCHED = 16 * 2 + 2;

for (const [how, args] of [
  ['compiled', ['dist/examples/watch-ring.js']],
  ['as it is', ['--import', 'tsx', 'examples/watch-ring.ts']],
] as const) {
  test(`watch-ring, ${how}: prints each batch of the disk's ring`, (t) => {
    const output = run(t, ...args);
    for (const line of output.trimEnd().split('\n')) {
      t.regex(line, /^xvda: \d+ requests, \d+ responses(, guest notified)?$/);
    }
    t.is(total(output, 'requests'), WATCHED);
    t.is(total(output, 'responses'), WATCHED);
  });
}

test('pipe-frames: guests on two bridges reach each other through the pipe', (t) => {
  const output = run(t, 'dist/examples/pipe-frames.js');
  t.regex(output, /3 packets transmitted, 3 received, 0% packet loss/);
  // ARP and three echoes each way; both may have to ask for the other's address.
  for (const way of ['<-', '->']) {
    const lines = output.split('\n').filter((line) => line.startsWith(way));
    t.is(lines.filter((line) => line === `${way} 98 bytes`).length, 3);
    t.true(lines.filter((line) => line === `${way} 42 bytes`).length >= 1);
  }
});

test('trace-boot: the same seed prints the same, another one another', (t) => {
  const first = run(t, 'dist/examples/trace-boot.js', '7');
  t.is(run(t, 'dist/examples/trace-boot.js', '7'), first);
  const others = ['1', '2', '12'].map((seed) => run(t, 'dist/examples/trace-boot.js', seed));
  t.true(others.some((other) => other !== first));
  t.regex(first, /d1 xenbus_state path=device\/vbd\/51712 state=Initialised/);
  t.regex(first, /ring_batch device=backend\/vbd\/1\/51712 requests=8 responses=8/);
});

test('tape-backup: what one guest wrote to tape another reads, in another drive', (t) => {
  const output = run(t, 'dist/examples/tape-backup.js');
  const sums = Array.from(output.matchAll(/^([0-9a-f]{64}) {2}\/dev\/nst(\d)/gm), ([, sum, drive]) => ({sum, drive}));
  t.deepEqual(
    sums.map(({drive}) => drive),
    ['0', '0', '0', '1', '1', '1'],
  );
  t.is(new Set(sums.map(({sum}) => sum)).size, 3);
  t.deepEqual(
    sums.slice(0, 3).map(({sum}) => sum),
    sums.slice(3).map(({sum}) => sum),
  );
});
