import {appendFileSync, existsSync, readFileSync, statSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {encodeMessage, XS, XsClient} from '../../hypervisor/xenstore/index.ts';
import {connectSocket} from '../../hypervisor/xenstore/socket.ts';
import {PVSIM, run} from '../support/run.ts';
import {Daemon} from '../support/xenstored.ts';
import {connect} from 'node:net';
import {once} from 'node:events';

const withState = (directory: string): readonly string[] => ['--state', join(directory, 'state')];
const withDomains = (directory: string): readonly string[] => ['--domain-sockets', directory];

test('serves a new store until a signal ends it', async (t) => {
  const daemon = new Daemon(t);
  await daemon.start();
  const xs = await daemon.connect();
  t.deepEqual(await xs.directory('/'), ['tool']);
  t.is(statSync(daemon.socket).mode & 0o777, 0o600);
  await daemon.kill('SIGTERM');
  t.false(existsSync(daemon.socket));
});

test('kill -9 loses nothing that was acknowledged', async (t) => {
  const daemon = new Daemon(t, withState);
  const acknowledged = new Map<string, number>();
  for (let round = 1; round <= 3; round++) {
    await daemon.start();
    await writeUntilKilled(daemon, acknowledged, round * 300);
  }
  await daemon.start();
  const xs = await daemon.connect();
  t.true(acknowledged.size > 100);
  // What was under way may have been made, and not been acknowledged.
  for (const [path, value] of acknowledged) t.true(Number(await xs.read(path)) >= value, path);
  const pairs = await Promise.all(Array.from({length: 10}, (_, k) => pairOf(xs, k)));
  t.true(
    pairs.every(([a, b]) => a === b),
    'a transaction is kept whole',
  );
});

const pairOf = (xs: XsClient, k: number): Promise<(string | undefined)[]> =>
  Promise.all(['a', 'b'].map((name) => xs.read(`/pair/${k}/${name}`)));

/** Writes ever greater numbers, alone and in pairs, and notes what was acknowledged; kills the daemon on the way. */
async function writeUntilKilled(daemon: Daemon, acknowledged: Map<string, number>, count: number): Promise<void> {
  const xs = await daemon.connect();
  const base = Math.max(0, ...acknowledged.values());
  const write = async (i: number): Promise<void> => {
    const value = base + i;
    await xs.write(`/single/${i % 100}`, `${value}`);
    acknowledged.set(`/single/${i % 100}`, value);
    if (i % 5 !== 0) return;
    await xs.transaction(async (tx) => {
      for (const name of ['a', 'b']) await xs.write(`/pair/${i % 10}/${name}`, `${value}`, tx);
    });
    acknowledged.set(`/pair/${i % 10}/b`, value);
  };
  for (let i = 1; i < count; i++) await write(i);
  const underWay = Array.from({length: 8}, (_, k) => write(count + k).catch(() => undefined));
  await write(count + 8);
  await daemon.kill('SIGKILL');
  await Promise.all(underWay);
}

test('a state keeps permissions, domains and the order of children; half a line at its end is dropped', async (t) => {
  const daemon = new Daemon(t, withState);
  await daemon.start();
  const before = await daemon.connect();
  await before.introduce(5, 1, 1);
  for (const name of ['z', 'a', 'm']) await before.write(`/local/domain/5/${name}`, 'v\u00e4');
  await before.setPerms('/local/domain/5', ['b5', 'r7']);
  await before.rm('/local/domain/5/a');
  await before.setPerms('@releaseDomain', ['n0', 'r5']);
  await daemon.kill('SIGKILL');
  appendFileSync(join(daemon.directory, 'state'), '{"writes":[["/local/domain/5/z",99,"half');
  await daemon.start();
  const after = await daemon.connect();
  t.deepEqual(await after.directory('/local/domain/5'), ['z', 'm']);
  t.deepEqual(await after.getPerms('/local/domain/5'), ['b5', 'r7']);
  t.is(await after.read('/local/domain/5/z'), 'v\u00e4');
  t.true(await after.isDomainIntroduced(5));
  await after.release(5);
  t.is(await after.directory('/local/domain/5'), undefined, 'its nodes go with it');
  await daemon.kill('SIGKILL');
  t.true(readFileSync(join(daemon.directory, 'state'), 'latin1').endsWith('\n'));
});

test('a file that is no state is refused and left alone', async (t) => {
  const daemon = new Daemon(t, withState);
  const path = join(daemon.directory, 'state');
  appendFileSync(path, 'something else\n');
  const {stderr, status} = await run(PVSIM, ['xenstored', '--socket', daemon.socket, '--state', path], {});
  t.is(stderr, `pvsim: ${path} is not the state of a store\n`);
  t.is(status, 1);
  t.is(readFileSync(path, 'utf8'), 'something else\n');
});

test('an introduced domain has a socket: its paths, its rights, one client at a time', async (t) => {
  const daemon = new Daemon(t, withDomains);
  await daemon.start();
  const dom0 = await daemon.connect();
  const path = join(daemon.directory, 'dom7.sock');
  t.false(existsSync(path));
  await dom0.introduce(7, 1, 1);
  t.true(existsSync(path));
  await dom0.mkdir('/local/domain/7');
  await dom0.setPerms('/local/domain/7', ['n7']);
  const guest = new XsClient(await connectSocket(path));
  await guest.write('data', 'v');
  t.is(await dom0.read('/local/domain/7/data'), 'v');
  t.is((await t.throwsAsync(guest.write('/tool/x', 'v')))?.message, 'xenstore: /tool/x: EACCES');
  const second = new XsClient(await connectSocket(path));
  t.is((await t.throwsAsync(second.read('data')))?.message, 'xenstore: data: EIO');
  await dom0.release(7);
  t.is((await t.throwsAsync(guest.read('data')))?.message, 'xenstore: data: EIO');
  while (existsSync(path)) await new Promise((resolve) => setImmediate(resolve));
  await dom0.introduce(7, 1, 1);
  const again = new XsClient(await connectSocket(path));
  t.is((await t.throwsAsync(again.read('data')))?.message, 'xenstore: data: EACCES', 'nothing is left of its own');
});

test("a domain's client that goes leaves no watches; one that breaks the protocol is not heard again", async (t) => {
  const daemon = new Daemon(t, withDomains);
  await daemon.start();
  const dom0 = await daemon.connect();
  const path = join(daemon.directory, 'dom7.sock');
  await dom0.introduce(7, 1, 1);
  const first = new XsClient(await connectSocket(path));
  await first.request(XS.WATCH, 'w', 'w\0t\0', 0);
  first.close();
  const second = await until(async () => {
    const client = new XsClient(await connectSocket(path));
    await client.getDomainPath(7);
    return client;
  });
  await second.request(XS.WATCH, 'w', 'w\0t\0', 0);
  second.close();
  const raw = await until(async () => {
    const client = connect(path);
    await once(client, 'connect');
    client.write(encodeMessage({type: XS.GET_DOMAIN_PATH, reqId: 1, txId: 0, payload: '7\0'}));
    await once(client, 'data');
    return client;
  });
  const header = encodeMessage({type: XS.READ, reqId: 1, txId: 0, payload: ''});
  new DataView(header.buffer).setUint32(12, 4097, true);
  raw.write(header);
  await once(raw, 'close');
  const refused = new XsClient(await connectSocket(path));
  t.is((await t.throwsAsync(refused.read('data')))?.message, 'xenstore: data: EIO');
  t.true(await dom0.isDomainIntroduced(7));
});

test('a guest writes slowly while dom0 has a transaction open', async (t) => {
  const daemon = new Daemon(t, withDomains);
  await daemon.start();
  const dom0 = await daemon.connect();
  await dom0.introduce(7, 1, 1);
  await dom0.mkdir('/local/domain/7');
  await dom0.setPerms('/local/domain/7', ['n7']);
  const guest = new XsClient(await connectSocket(join(daemon.directory, 'dom7.sock')));
  await dom0.transactionStart();
  const start = performance.now();
  await Promise.all(Array.from({length: 1100}, (_, i) => guest.write('data', String(i))));
  // No more than 1,010 can have been saved up; 89 of the others have to be paid for at 100 a second before the last is read.
  t.true(performance.now() - start > 800);
});

/** The daemon may not have seen yet that the client of before has gone. */
async function until<T>(attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt();
    } catch {
      await new Promise((resolve) => setImmediate(resolve));
    }
  }
}
