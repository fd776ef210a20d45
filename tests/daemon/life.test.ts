import type {ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {connectTo, type DaemonClient} from '../../toolstack/daemon/client.ts';
import {homeAt, type HostHome} from '../../toolstack/daemon/home.ts';
import {launch, outcomeOf, PVSIM, run, XL} from '../support/run.ts';
import {serve} from '../support/served.ts';
import {temporaryDirectory} from '../support/temporary.ts';

const FAKE_DAEMON = 'tests/support/fake-daemon.js';

const startFake = async (t: ExecutionContext, home: HostHome): Promise<ChildProcess> => {
  const child = launch(FAKE_DAEMON, [], {PVSIM_HOME: home.dir});
  t.teardown(() => child.kill('SIGKILL'));
  await once(child.stdout!, 'data');
  return child;
};

const newHome = (t: ExecutionContext): HostHome => homeAt(temporaryDirectory(t));

const mustConnect = async (home: HostHome): Promise<DaemonClient> => {
  const client = await connectTo(home);
  if (client === undefined) throw new Error('no daemon');
  return client;
};

test('the socket is for its owner only', async (t) => {
  const {home} = await serve(t);
  t.is(statSync(home.socket).mode & 0o777, 0o600);
});

test('a second daemon on the same home is refused in one line', async (t) => {
  const home = newHome(t);
  const first = await startFake(t, home);
  const {stderr, status} = await run(FAKE_DAEMON, [], {PVSIM_HOME: home.dir});
  t.is(stderr, `pvsim: a host is already running in ${home.dir} (pid ${first.pid})\n`);
  t.is(status, 1);
  const client = await mustConnect(home);
  t.is((await client.daemon).pid, first.pid ?? 0);
  await client.close();
});

test('a daemon that was killed leaves a socket, which the next one takes over', async (t) => {
  const home = newHome(t);
  const first = await startFake(t, home);
  first.kill('SIGKILL');
  await once(first, 'exit');
  t.true(existsSync(home.socket));
  t.true(existsSync(home.lock));
  t.is(await connectTo(home), undefined);
  const second = await startFake(t, home);
  const client = await mustConnect(home);
  t.is((await client.daemon).pid, second.pid ?? 0);
  await client.close();
});

test('an orderly end leaves nothing but the log', async (t) => {
  const home = newHome(t);
  const child = await startFake(t, home);
  child.kill('SIGTERM');
  const [code] = (await once(child, 'exit')) as [number];
  t.is(code, 0);
  for (const path of [home.socket, home.xenstoreSocket, home.lock]) t.false(existsSync(path));
});

test('two homes have two hosts', async (t) => {
  const [one, two] = [await serve(t), await serve(t)];
  await run(XL, ['pause', '0'], {PVSIM_HOME: one.home.dir});
  t.deepEqual(one.host.calls, ['pause 0']);
  t.deepEqual(two.host.calls, []);
});

test('pvsim host status, and its exit status without a host', async (t) => {
  const {home} = await serve(t);
  const {stdout, status} = await run(PVSIM, ['host', 'status'], {PVSIM_HOME: home.dir});
  t.is(status, 0);
  t.regex(stdout, new RegExp(`^pid +: ${process.pid}$`, 'm'));
  t.regex(stdout, /^domains +: Domain-0 \(0\)$/m);
  const none = newHome(t);
  const outcome = await run(PVSIM, ['host', 'status'], {PVSIM_HOME: none.dir});
  t.deepEqual(outcome, {stdout: `pvsim: no host runs in ${none.dir}\n`, stderr: '', status: 3});
});

test('pvsim host stop closes the host, waits for it, and is content when none runs', async (t) => {
  const {home, host, daemon} = await serve(t);
  const stopped = await run(PVSIM, ['host', 'stop', '--timeout=2'], {PVSIM_HOME: home.dir});
  t.deepEqual(stopped, {stdout: '', stderr: '', status: 0});
  await daemon.stopped;
  t.deepEqual(host.calls, ['close 2000000000']);
  t.false(existsSync(home.lock));
  t.is((await run(PVSIM, ['host', 'stop'], {PVSIM_HOME: home.dir})).status, 0);
});

test('pvsim host env points a shell at xenstored', async (t) => {
  const {stdout} = await run(PVSIM, ['host', 'env'], {PVSIM_HOME: "/a b/it's"});
  t.is(stdout, `export PVSIM_HOME='/a b/it'\\''s'\nexport XENSTORED_PATH='/a b/it'\\''s/xenstored.sock'\n`);
});

test('a home that cannot be used is one line on stderr', async (t) => {
  const dir = temporaryDirectory(t);
  writeFileSync(join(dir, 'file'), '');
  const {stderr, status} = await run(XL, ['list'], {PVSIM_HOME: join(dir, 'file')});
  t.regex(stderr, /^pvsim: cannot (use|reach).*\n$/);
  t.is(status, 1);
});

test('a client whose host is killed says so', async (t) => {
  const home = newHome(t);
  const daemon = await startFake(t, home);
  const waiting = launch(XL, ['console', '0'], {PVSIM_HOME: home.dir});
  const outcome = outcomeOf(waiting);
  await once(waiting.stdout!, 'data');
  daemon.kill('SIGKILL');
  t.deepEqual(await outcome, {
    stdout: 'attached',
    stderr: 'xl: the host has gone, and with it the console\n',
    status: 1,
  });
});
