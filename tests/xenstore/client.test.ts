import test, {type ExecutionContext} from 'ava';
import {firstValueFrom, toArray, take} from 'rxjs';
import {
  GuestRing,
  SyncXs,
  XS,
  XsClient,
  Xenstored,
  type RingPage,
  type XsError,
  type XsMessage,
  type XsReceiver,
} from '../../hypervisor/xenstore/index.ts';

interface Client {
  readonly store: Xenstored;
  /** As dom0. */
  readonly host: SyncXs;
  readonly xs: XsClient;
}

function inProcess(): Client {
  const store = new Xenstored();
  return {store, host: new SyncXs(store.connectInProcess()), xs: new XsClient(store.connectInProcess())};
}

/** A client at the guest's end of a ring whose events both ways are deferred. Its domain owns /local/domain/1 and /d. */
function overRing(): Client {
  const store = new Xenstored();
  const host = new SyncXs(store.connectInProcess());
  const buffer = new ArrayBuffer(4096);
  const page: RingPage = {u8: new Uint8Array(buffer), u32: new Uint32Array(buffer), offset: 0};
  const guest: GuestRing = new GuestRing({page, notify: () => queueMicrotask(() => store.onEvent(1))});
  store.introduce(1, {page, notify: () => queueMicrotask(() => guest.onEvent())});
  new DataView(buffer).setUint32(2048, 0xffffff80, true);
  page.u32.fill(0xffffff80, 2048 / 4, 2064 / 4);
  host.apply([
    {path: '/local/domain/1', perms: ['n1']},
    {path: '/d', perms: ['n1']},
  ]);
  return {store, host, xs: new XsClient(guest)};
}

const refusal = async (t: ExecutionContext, promise: Promise<unknown>): Promise<string> => {
  const error = await t.throwsAsync(promise);
  return `${(error as XsError).errno} ${(error as XsError).path}`;
};

for (const [title, connect] of Object.entries({'in process': inProcess, 'over a ring': overRing})) {
  test(`${title}: read, write, mkdir, rm, directory, permissions`, async (t) => {
    const {xs} = connect();
    t.is(await xs.read('/d/x'), undefined);
    await xs.write('/d/x/y', 'grüße');
    t.is(await xs.read('/d/x/y'), 'grüße');
    await xs.write('/d/x/bytes', Uint8Array.of(0, 255, 10));
    t.deepEqual(await xs.readBytes('/d/x/bytes'), Uint8Array.of(0, 255, 10));
    await xs.mkdir('/d/x/empty');
    t.is(await xs.read('/d/x/empty'), '');
    t.deepEqual(await xs.directory('/d/x'), ['y', 'bytes', 'empty']);
    t.deepEqual(await xs.directory('/d/x/empty'), []);
    t.is(await xs.directory('/d/none'), undefined);
    await xs.setPerms('/d/x', ['b1', 'r0']).catch(() => xs.setPerms('/d/x', ['b0', 'r1']));
    t.regex((await xs.getPerms('/d/x'))!.join(' '), /^b\d r\d$/);
    t.is(await xs.getPerms('/d/none'), undefined);
    await xs.rm('/d/x');
    await xs.rm('/d/x');
    t.is(await xs.read('/d/x/y'), undefined);
    t.is(await xs.getDomainPath(7), '/local/domain/7');
  });

  test(`${title}: refusals reject with the error's name and the path`, async (t) => {
    const {xs} = connect();
    t.is(await refusal(t, xs.write('/d//x', 'v')), 'EINVAL /d//x');
    t.is(await refusal(t, xs.rm('/d/none/x')), 'ENOENT /d/none/x');
    t.is(await refusal(t, xs.write('/d/x', 'v'.repeat(4096))), 'E2BIG /d/x');
    t.is(await xs.read('/d/x'), undefined);
  });

  test(`${title}: pipelined requests are answered each to its own promise`, async (t) => {
    const {xs} = connect();
    const writes = Array.from({length: 100}, (_, i) => xs.write(`/d/n${i}`, `v${i}`));
    const reads = Array.from({length: 100}, (_, i) => xs.read(`/d/n${i}`));
    await Promise.all(writes);
    t.deepEqual(
      await Promise.all(reads),
      Array.from({length: 100}, (_, i) => `v${i}`),
    );
  });

  test(`${title}: a transaction is run again while it conflicts`, async (t) => {
    const {host, xs} = connect();
    host.write('/d/n', '1');
    let attempts = 0;
    const result = await xs.transaction(async (tx) => {
      const seen = Number(await xs.read('/d/n', tx));
      if (++attempts < 3) host.write('/d/n', String(seen + 10));
      await xs.write('/d/n', String(seen + 1), tx);
      return seen;
    });
    t.is(result, 21);
    t.is(attempts, 3);
    t.is(host.read('/d/n'), '22');
  });

  test(`${title}: a transaction whose body rejects is dropped`, async (t) => {
    const {host, xs} = connect();
    const body = async (tx: number): Promise<void> => {
      await xs.write('/d/n', '1', tx);
      throw new Error('changed my mind');
    };
    await t.throwsAsync(xs.transaction(body), {message: 'changed my mind'});
    t.is(host.read('/d/n'), undefined);
  });

  test(`${title}: watch emits the path asked for, then changes; unsubscribing removes the watch`, async (t) => {
    const {host, store, xs} = connect();
    const fired: string[] = [];
    const seen: string[] = [];
    store.events$.subscribe((events) => fired.push(...events.map(({path}) => path)));
    const subscription = xs.watch('/d').subscribe((path) => seen.push(path));
    const first = firstValueFrom(xs.watch('/d/other'));
    t.is(await first, '/d/other');
    host.write('/d/a', '1');
    await xs.read('/d/a');
    t.deepEqual(seen, ['/d', '/d/a']);
    subscription.unsubscribe();
    await xs.read('/d/a');
    host.write('/d/b', '1');
    await xs.read('/d/a');
    t.deepEqual(seen, ['/d', '/d/a']);
    t.deepEqual(fired, ['/d/a']);
  });

  test(`${title}: relative watches`, async (t) => {
    const {xs, host} = connect();
    const domain = title === 'in process' ? 0 : 1;
    const seen = firstValueFrom(xs.watch('data').pipe(take(2), toArray()));
    await xs.read('data');
    host.write(`/local/domain/${domain}/data/x`, 'v');
    t.deepEqual(await seen, ['data', 'data/x']);
  });

  test(`${title}: a watch that the store refuses is an error of the observable`, async (t) => {
    const {xs} = connect();
    t.is(await refusal(t, firstValueFrom(xs.watch('/bad//path'))), 'EINVAL /bad//path');
  });
}

test('a directory too long for one message is read in parts, anew when it changes between two', async (t) => {
  const {host, store} = inProcess();
  const names = Array.from({length: 1000}, (_, i) => `child-number-${i}`);
  for (const name of names) host.mkdir(`/big/${name}`);
  const connection = store.connectInProcess();
  let parts = 0;
  const receivers: XsReceiver[] = [];
  connection.receive({onMessage: (message) => receivers[0].onMessage(message), onClose: () => undefined});
  const xs = new XsClient({
    receive: (receiver) => receivers.push(receiver),
    close: () => connection.close(),
    send: (message: XsMessage) => {
      if (message.type === XS.DIRECTORY_PART && ++parts === 3) host.mkdir('/big/late');
      connection.send(message);
    },
  });
  t.deepEqual(await xs.directory('/big'), [...names, 'late']);
  t.true(parts > 6);
  t.deepEqual(host.directory('/big'), [...names, 'late']);
});

test('a guest may not see what is not for it', async (t) => {
  const {host, xs} = overRing();
  host.write('/secret', 'v');
  t.is(await refusal(t, xs.read('/secret')), 'EACCES /secret');
  t.is(await refusal(t, xs.introduce(5, 1, 1)), 'EACCES domain 5');
});

test('dom0 introduces and releases', async (t) => {
  const {xs} = inProcess();
  t.false(await xs.isDomainIntroduced(5));
  await xs.introduce(5, 1, 2);
  t.true(await xs.isDomainIntroduced(5));
  await xs.release(5);
  t.false(await xs.isDomainIntroduced(5));
  t.is(await refusal(t, xs.release(5)), 'ENOENT domain 5');
});

test('when the transport closes, requests reject with EIO and watches complete', async (t) => {
  const {store} = inProcess();
  store.introduce(1);
  const xs = new XsClient(store.connectInProcess(1));
  const watching = firstValueFrom(xs.watch('/x').pipe(toArray()));
  await xs.getDomainPath(1);
  const pending = xs.getDomainPath(2);
  store.domainGone(1);
  t.is(await refusal(t, pending), 'EIO domain 2');
  t.deepEqual(await watching, ['/x']);
  t.is(await refusal(t, xs.getDomainPath(3)), 'EIO domain 3');
  const later = await firstValueFrom(xs.watch('/x').pipe(toArray())).catch((error: XsError) => error.errno);
  t.is(later, 'EIO');
});

test('a store that breaks the ring loses its client', async (t) => {
  const buffer = new ArrayBuffer(4096);
  const page: RingPage = {u8: new Uint8Array(buffer), u32: new Uint32Array(buffer), offset: 0};
  const ring = new GuestRing({page, notify: () => undefined});
  const xs = new XsClient(ring);
  const pending = xs.getDomainPath(1);
  page.u32[2060 / 4] = 2000;
  ring.onEvent();
  t.is(await refusal(t, pending), 'EIO domain 1');
});

test('SyncXs answers at once', (t) => {
  const {host} = inProcess();
  t.is(host.read('/a'), undefined);
  host.apply([{path: '/a/b', value: 'grüße', perms: ['n0', 'r1']}, {path: '/a/c'}]);
  t.is(host.read('/a/b'), 'grüße');
  t.deepEqual(host.getPerms('/a/b'), ['n0', 'r1']);
  t.deepEqual(host.directory('/a'), ['b', 'c']);
  t.is(host.directory('/none'), undefined);
  const count = host.transaction((xs) => {
    xs.rm('/a/c');
    xs.write('/a/d', '1');
    return xs.directory('/a')!.length;
  });
  t.is(count, 2);
  t.throws(
    () =>
      host.transaction((xs) => {
        xs.rm('/a');
        xs.write('bad path', '');
      }),
    {message: 'xenstore: bad path: EINVAL'},
  );
  t.deepEqual(host.directory('/a'), ['b', 'd']);
});

test('every request can be traced', (t) => {
  const lines: string[] = [];
  const store = new Xenstored({
    onRequest: ({connection, type, payload, reply}) =>
      lines.push(`${connection} ${type} ${payload.split('\0')[0]} ${String(reply)}`),
  });
  const xs = new SyncXs(store.connectInProcess());
  xs.write('/a', 'v');
  xs.read('/b');
  t.deepEqual(lines, ['dom0 in process WRITE /a OK\0', 'dom0 in process READ /b ENOENT']);
});
