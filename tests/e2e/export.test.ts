import {once} from 'node:events';
import {existsSync} from 'node:fs';
import test from 'ava';
import {realClock} from '../../hypervisor/schedule/index.ts';
import {exercise, exerciseTogether, seeded} from '../support/disk-model.ts';
import {launch, outcomeOf, PVSIM} from '../support/run.ts';
import {openImage, readBytes, refusal} from '../support/storage.ts';
import {XlHost} from '../support/xl.ts';

const MIB = 2 ** 20;

test.serial('a disk is exported on a socket and on a port, and as long as the domain lives', async (t) => {
  const host = XlHost.at(t);
  await host.create('guest', 'disk = ["ram:4M,raw,xvda,w", "ram:1M,raw,xvdb,r"]');
  await host.waitForConsole('guest', /xvdb/);
  const clock = realClock({seed: 1});
  t.teardown(() => clock.close());
  const socket = host.path('nbd.sock');
  const bySocket = launch(PVSIM, ['export', 'nbd', 'guest', 'xvda', '--socket', socket], host.env);
  const byPort = launch(PVSIM, ['export', 'nbd', 'guest', 'xvdb'], host.env);
  t.teardown(() => [bySocket, byPort].forEach((child) => child.kill('SIGKILL')));
  const [[first], [second]] = (await Promise.all([once(bySocket.stdout!, 'data'), once(byPort.stdout!, 'data')])) as [
    [Buffer],
    [Buffer],
  ];
  t.is(String(first), `nbd+unix:///xvda?socket=${socket}\n`);
  t.regex(String(second), /^nbd:\/\/localhost:\d+\/xvdb\n$/);

  const storage = await openImage(String(first).trim(), {clock});
  t.is(storage.sizeBytes, 4 * MIB);
  const model = Buffer.alloc(4 * MIB);
  await exercise(storage, model, seeded(1), 60);
  await exerciseTogether(storage, model, seeded(2), {parts: 8, count: 10});
  t.is(Buffer.compare(await readBytes(storage), model), 0);
  const readonly = await openImage(String(second).trim(), {clock, readonly: true});
  t.is(readonly.sizeBytes, MIB);
  t.regex(await refusal(String(second).trim(), {clock}), /the export is read-only/);

  const busy = await host.pvsim('export', 'nbd', 'guest', 'xvda', '--socket', socket);
  t.regex(busy.stderr, /^pvsim: cannot listen on .*nbd\.sock: EADDRINUSE$/m);
  const ends = [bySocket, byPort].map(outcomeOf);
  await host.ok('destroy', 'guest');
  for (const end of ends) t.is((await end).status, 0);
  await host.waitFor('end of the socket', () => !existsSync(socket));
  storage.close();
  readonly.close();
});

test.serial('what cannot be exported is refused in one line', async (t) => {
  const host = XlHost.at(t);
  const nobody = await host.pvsim('export', 'nbd', 'guest', 'xvda');
  t.regex(nobody.stderr, /^pvsim: no host runs in .*\n$/);
  await host.create('guest', 'disk = ["ram:1M,raw,xvda,w"]');
  const table: [args: string[], stderr: RegExp, status: number][] = [
    [['nbd', 'nosuch', 'xvda'], /^pvsim: no domain "nosuch"\n$/, 1],
    [['nbd', 'guest', 'xvdq'], /^Error: Device xvdq not connected\.\n$/, 1],
    [['nbd', '0', 'xvda'], /Non-existant domain/, 1],
    [['nbd', 'guest', 'xvda', '--port', '70000'], /^pvsim: --port 70000 is not a port\n$/, 2],
    [['nbd', 'guest', 'xvda', '--port', '1', '--socket', 'x'], /mutually exclusive/, 2],
    [['nbd', 'guest', 'xvda', '--socket', '/nowhere/s'], /^pvsim: cannot listen on \/nowhere\/s: /, 1],
    [['nbd', 'guest'], /an argument is missing/, 2],
    [[], /say what: nbd/, 2],
  ];
  for (const [args, stderr, status] of table) {
    const outcome = await host.pvsim('export', ...args);
    t.regex(outcome.stderr, stderr, args.join(' '));
    t.is(outcome.status, status, args.join(' '));
    t.is(outcome.stdout, '');
  }
});
