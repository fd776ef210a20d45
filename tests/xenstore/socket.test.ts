import {existsSync, mkdtempSync, rmSync, statSync} from 'node:fs';
import {connect, createServer, type Socket} from 'node:net';
import {once} from 'node:events';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {spawnSync} from 'node:child_process';
import test, {type ExecutionContext} from 'ava';
import {firstValueFrom, skip} from 'rxjs';
import {
  encodeMessage,
  MessageAssembler,
  SyncXs,
  XS,
  XsClient,
  Xenstored,
  type XsMessage,
} from '../../hypervisor/xenstore/index.ts';
import {connectSocket, listenOnSocket} from '../../hypervisor/xenstore/socket.ts';
import {SocketOutlet} from '../../hypervisor/xenstore/socket-outlet.ts';

interface Served {
  readonly store: Xenstored;
  readonly path: string;
}

function socketPath(t: ExecutionContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'pvsim-xenstore-'));
  t.teardown(() => rmSync(directory, {recursive: true}));
  return join(directory, 'socket');
}

async function serve(t: ExecutionContext): Promise<Served> {
  const path = socketPath(t);
  const store = new Xenstored();
  const served = await listenOnSocket(store, path);
  t.teardown(() => served.close());
  return {store, path};
}

async function connectRaw({path}: Pick<Served, 'path'>, allowHalfOpen = false): Promise<Socket> {
  const socket = connect({path, allowHalfOpen});
  await once(socket, 'connect');
  socket.on('error', () => undefined);
  return socket;
}

/** Messages as they arrive; ends with the connection. */
async function* messagesOf(socket: Socket): AsyncGenerator<XsMessage> {
  const assembler = new MessageAssembler();
  for await (const chunk of socket as AsyncIterable<Uint8Array>) {
    for (let at = 0; at < chunk.length;) {
      at = assembler.feed(chunk, at, chunk.length);
      const message = assembler.take();
      if (message !== undefined) yield message;
    }
  }
}

const request = (type: number, payload: string, reqId = 1): Uint8Array =>
  encodeMessage({type, reqId, txId: 0, payload});

test('the socket has mode 0600 and goes when it is closed', async (t) => {
  const path = socketPath(t);
  const served = await listenOnSocket(new Xenstored(), path);
  t.is(statSync(path).mode & 0o777, 0o600);
  await served.close();
  t.false(existsSync(path));
});

test('several clients, with the rights of dom0, see one store', async (t) => {
  const served = await serve(t);
  const [a, b] = await Promise.all([connectSocket(served.path), connectSocket(served.path)]);
  const [one, two] = [new XsClient(a), new XsClient(b)];
  await one.write('/x/y', 'v');
  t.is(await two.read('/x/y'), 'v');
  const [first, second] = await Promise.all([one.transactionStart(), two.transactionStart()]);
  t.deepEqual([first, second], [1, 1]);
  one.close();
  two.close();
});

test('messages in pieces of one byte, and many in one piece', async (t) => {
  const served = await serve(t);
  const socket = await connectRaw(served);
  const messages = messagesOf(socket);
  for (const byte of request(XS.GET_DOMAIN_PATH, '5\0')) {
    socket.write(Uint8Array.of(byte));
    await new Promise((resolve) => setImmediate(resolve));
  }
  t.is((await messages.next()).value?.payload, '/local/domain/5\0');
  socket.write(Buffer.concat(Array.from({length: 1000}, (_, i) => request(XS.GET_DOMAIN_PATH, `${i}\0`, i))));
  for (let i = 0; i < 1000; i++) {
    t.like((await messages.next()).value, {reqId: i, payload: `/local/domain/${i}\0`});
  }
  socket.destroy();
});

test('a payload over 4096 bytes ends the connection without a reply, and only that connection', async (t) => {
  const served = await serve(t);
  const socket = await connectRaw(served);
  const other = new XsClient(await connectSocket(served.path));
  const header = request(XS.READ, '');
  new DataView(header.buffer).setUint32(12, 4097, true);
  socket.write(Buffer.concat([request(XS.GET_DOMAIN_PATH, '5\0'), header]));
  const got: XsMessage[] = [];
  for await (const message of messagesOf(socket)) got.push(message);
  t.true(got.length <= 1);
  t.is(await other.getDomainPath(6), '/local/domain/6');
  other.close();
});

test('half a header, or half a payload, then silence: others are served', async (t) => {
  const served = await serve(t);
  const message = request(XS.WRITE, '/x/half\0v');
  for (const length of [1, 8, 15, 16, 17, message.length - 1]) {
    const silent = await connectRaw(served);
    silent.write(message.subarray(0, length));
    const other = new XsClient(await connectSocket(served.path));
    t.is(await other.read('/x/half'), undefined);
    silent.write(message.subarray(length));
    t.is((await messagesOf(silent).next()).value?.payload, 'OK\0');
    await other.rm('/x');
    other.close();
    silent.destroy();
  }
});

test('a connection lost in the middle of a message or a transaction leaves nothing', async (t) => {
  const served = await serve(t);
  const host = new SyncXs(served.store.connectInProcess());
  const socket = await connectRaw(served);
  const messages = messagesOf(socket);
  socket.write(Buffer.concat([request(XS.WATCH, '/x\0t\0'), request(XS.TRANSACTION_START, '\0')]));
  for (let i = 0; i < 3; i++) await messages.next();
  socket.write(encodeMessage({type: XS.WRITE, reqId: 1, txId: 1, payload: '/x/in-transaction\0v'}));
  await messages.next();
  socket.write(request(XS.WRITE, '/x/half\0v').subarray(0, 20));
  socket.destroy();
  await once(socket, 'close');
  const other = new XsClient(await connectSocket(served.path));
  await other.getDomainPath(0);
  t.is(host.directory('/x'), undefined);
  other.close();
});

test('a client that has said all it will still gets its replies', async (t) => {
  const served = await serve(t);
  const socket = await connectRaw(served, true);
  socket.end(Buffer.concat([request(XS.WRITE, '/x\0v'), request(XS.READ, '/x\0', 2)]));
  const got: string[] = [];
  for await (const {payload} of messagesOf(socket)) got.push(payload);
  t.deepEqual(got, ['OK\0', 'v']);
});

test('a client that does not read is not read either, and goes on later', async (t) => {
  const served = await serve(t);
  const host = new SyncXs(served.store.connectInProcess());
  host.write('/big', 'v'.repeat(4000));
  const socket = await connectRaw(served);
  const count = 5000;
  let answered = 0;
  socket.write(Buffer.concat(Array.from({length: count}, (_, i) => request(XS.READ, '/big\0', i))));
  const other = new XsClient(await connectSocket(served.path));
  for (let i = 0; i < 20; i++) await other.getDomainPath(0);
  for await (const {reqId, payload} of messagesOf(socket)) {
    t.is(reqId, answered++);
    if (payload.length !== 4000) t.fail(`reply of ${payload.length} bytes`);
    if (answered === count) break;
  }
  other.close();
  t.is(answered, count);
});

test('a client that lets events pile up is dropped', async (t) => {
  const served = await serve(t);
  const host = new SyncXs(served.store.connectInProcess());
  const socket = await connectRaw(served);
  socket.pause();
  socket.write(request(XS.WATCH, `/\0${'t'.repeat(3000)}\0`));
  const other = new XsClient(await connectSocket(served.path));
  await other.getDomainPath(0);
  const closed = once(socket, 'close');
  for (let i = 0; i < 10_000; i++) host.write(`/n/${i}`, 'v');
  socket.resume();
  await closed;
  t.is(await other.getDomainPath(1), '/local/domain/1');
  other.close();
});

test('a thousand clients, each tenth silent in the middle of a header, all see a change', async (t) => {
  const served = await serve(t);
  const host = new SyncXs(served.store.connectInProcess());
  const silent: Socket[] = [];
  const clients: XsClient[] = [];
  // One by one: the system holds back no more than a few hundred that connect.
  while (silent.length < 100) silent.push(await connectRaw(served));
  while (clients.length < 900) clients.push(new XsClient(await connectSocket(served.path)));
  for (const socket of silent) socket.write(request(XS.READ, '/w\0').subarray(0, 7));
  // The first event comes with the watch, the second with the change.
  const changes = clients.map((client) => firstValueFrom(client.watch('/w').pipe(skip(1))));
  await Promise.all(clients.map((client) => client.getDomainPath(0)));
  host.write('/w', 'v');
  t.deepEqual(new Set(await Promise.all(changes)), new Set(['/w']));
  for (const socket of silent) socket.write(request(XS.READ, '/w\0').subarray(7));
  for (const socket of silent) for await (const {payload} of messagesOf(socket)) if (payload === 'v') break;
  for (const client of clients) client.close();
});

/** As it would be if Node did not show its handle. */
const withoutHandle = (socket: Socket): Socket =>
  new Proxy(socket, {
    get: (target, key) => {
      const value: unknown = key === '_handle' ? undefined : Reflect.get(target, key);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });

test('without a handle to be had, sockets are streams as any other', async (t) => {
  const path = socketPath(t);
  const {dispatcher} = new Xenstored();
  const server = createServer({allowHalfOpen: true, pauseOnConnect: true}, (socket) => {
    const connection = dispatcher.connect('socket', 0, undefined);
    const drop = (): void => dispatcher.drop(connection);
    connection.outlet = new SocketOutlet(dispatcher, connection, withoutHandle(socket), drop);
  });
  t.teardown(() => server.close());
  await once(server.listen(path), 'listening');
  const socket = await connectRaw({path}, true);
  const requests = Array.from({length: 500}, (_, i) => request(XS.READ, '/big\0', i));
  socket.end(Buffer.concat([request(XS.WRITE, `/big\0${'v'.repeat(4000)}`), ...requests]));
  let answered = 0;
  for await (const {payload} of messagesOf(socket)) if (payload.length === 4000) answered++;
  t.is(answered, 500);
});

test('closing the socket ends its clients', async (t) => {
  const path = socketPath(t);
  const served = await listenOnSocket(new Xenstored(), path);
  const xs = new XsClient(await connectSocket(path));
  await xs.getDomainPath(0);
  await served.close();
  const error = await t.throwsAsync(xs.getDomainPath(0));
  t.is(error?.message, 'xenstore: domain 0: EIO');
});

test('a socket somebody serves is refused, one that nobody serves is replaced', async (t) => {
  const path = socketPath(t);
  // A process that is killed leaves its socket behind.
  const leave = `require('net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', leave]);
  t.true(existsSync(path));
  const served = await listenOnSocket(new Xenstored(), path);
  const error = await t.throwsAsync(listenOnSocket(new Xenstored(), path));
  t.is((error as NodeJS.ErrnoException).code, 'EADDRINUSE');
  await served.close();
});

test('connecting to nothing rejects', async (t) => {
  const error = await t.throwsAsync(connectSocket(socketPath(t)));
  t.is((error as NodeJS.ErrnoException).code, 'ENOENT');
});
