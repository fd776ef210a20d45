import {once} from 'node:events';
import {existsSync, readFileSync} from 'node:fs';
import test from 'ava';
import {launch, outcomeOf, PVSIM} from '../support/run.ts';
import {XlHost} from '../support/xl.ts';

const NETWORK = ['vif = ["bridge=xenbr0,mac=00:16:3e:00:00:01", "bridge=xenbr0"]', 'extra = "ip=10.0.0.1/24"'];

/** Types of a capture's blocks, in order. */
const blocksOf = (file: Buffer): number[] => {
  const types: number[] = [];
  for (let at = 0; at < file.length; at += file.readUInt32LE(at + 4)) types.push(file.readUInt32LE(at));
  return types;
};

const countOf = (types: readonly number[], wanted: number): number => types.filter((type) => type === wanted).length;

test.serial('a capture is written until so many packets, a signal, or the end of the domain', async (t) => {
  const host = XlHost.at(t);
  await host.create('guest', ...NETWORK);
  await host.type('guest', 'ping -c 1 10.0.0.254', /1 received/);
  const [byCount, bySignal, byEnd] = ['count', 'signal', 'end'].map((name) => host.path(`${name}.pcapng`));
  const counting = launch(PVSIM, ['capture', 'guest', '0', '-w', byCount, '-c', '3'], host.env);
  const signalled = launch(PVSIM, ['capture', 'guest', '00:16:3e:00:00:01', '-w', '-'], host.env);
  const ending = launch(PVSIM, ['capture', 'guest', '-w', byEnd], host.env);
  t.teardown(() => [counting, signalled, ending].forEach((child) => child.kill('SIGKILL')));
  const chunks: Buffer[] = [];
  signalled.stdout!.on('data', (chunk: Buffer) => chunks.push(chunk));
  const outcomes = [counting, ending].map(outcomeOf);
  await once(signalled.stdout!, 'data');
  await host.waitFor('capture files', () => [byCount, byEnd].every((file) => existsSync(file)));

  await host.type('guest', 'ping -i 0.1 -c 4 10.0.0.254', /4 received/);
  const counted = await outcomes[0];
  t.deepEqual(counted, {stdout: '', stderr: '3 packets captured, 0 dropped\n', status: 0});
  const first = blocksOf(readFileSync(byCount));
  t.deepEqual(first, [0x0a0d0d0a, 1, 6, 6, 6, 5]);
  t.regex(readFileSync(byCount, 'latin1'), /tx slot \d+, grant \d+/);

  const live = (): number => countOf(blocksOf(Buffer.concat(chunks)), 6);
  await host.waitFor('eight packets, live', () => live() >= 8);
  signalled.kill('SIGINT');
  t.deepEqual(await once(signalled, 'close'), [0, null]);
  t.is(blocksOf(Buffer.concat(chunks)).at(-1), 5);
  t.false(existsSync(bySignal));

  await host.ok('destroy', 'guest');
  t.is((await outcomes[1]).status, 0);
  const all = blocksOf(readFileSync(byEnd));
  t.is(countOf(all, 1), 2, 'an interface a vif');
  t.true(countOf(all, 6) >= 8);
  t.is(countOf(all, 5), 2);
});

test.serial('what cannot be captured is refused in one line', async (t) => {
  const host = XlHost.at(t);
  const file = host.path('file');
  const nobody = await host.pvsim('capture', 'guest', '-w', file);
  t.regex(nobody.stderr, /^pvsim: no host runs in .*\n$/);
  await host.create('guest', ...NETWORK);
  await host.create('lonely');
  const table: [args: string[], stderr: RegExp, status: number][] = [
    [['nosuch', '-w', file], /^pvsim: no domain "nosuch"\n$/, 1],
    [['guest', '7', '-w', file], /^Unknown device 7\.\n$/, 1],
    [['lonely', '-w', file], /^pvsim: domain \d+ has no network device\n$/, 1],
    [['guest', '-w', '/nowhere/file'], /^pvsim: cannot write \/nowhere\/file: No such file or directory\n$/, 1],
    [['guest', '-w', '/dev/full'], /^pvsim: cannot write \/dev\/full: No space left on device\n$/, 1],
    [['guest', '-w', file, '-c', '-1'], /^pvsim: --count -1 is not a number of packets\n$/, 2],
    [['guest'], /missing required argument: write/, 2],
  ];
  for (const [args, stderr, status] of table) {
    const outcome = await host.pvsim('capture', ...args);
    t.regex(outcome.stderr, stderr, args.join(' '));
    t.is(outcome.status, status, args.join(' '));
    t.is(outcome.stdout, '');
  }
  t.false(existsSync(file));
});
