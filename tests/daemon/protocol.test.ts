import {once} from 'node:events';
import {connect, type Socket} from 'node:net';
import test, {type ExecutionContext} from 'ava';
import {ToolstackError} from '../../toolstack/errors.ts';
import {MESSAGE_BYTES_MAX, type Method, type Params} from '../../toolstack/daemon/protocol.ts';
import {serve, type Served} from '../support/served.ts';

/** Still there, for others. */
const assertServes = async (t: ExecutionContext, {connect: open}: Served): Promise<void> => {
  const client = await open();
  t.is((await client.call('domain.list', {})).length, 1);
  await client.close();
};

const frame = (body: string): string => `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

const open = async (served: Served): Promise<Socket> => {
  const socket = connect(served.home.socket);
  await once(socket, 'connect');
  socket.on('error', () => {});
  socket.resume();
  return socket;
};

const closed = (socket: Socket): Promise<unknown> => (socket.destroyed ? Promise.resolve() : once(socket, 'close'));

/** Bytes that are not the protocol. */
const nonsense: readonly [what: string, bytes: string | Buffer][] = [
  ['noise', `${'\0\xff'.repeat(100)}\r\n\r\n`],
  ['a header without a length', 'Content-Type: x\r\n\r\n{}'],
  ['a length that is no number', 'Content-Length: x\r\n\r\n{}'],
  ['a body that is not JSON', frame('{"jsonrpc"')],
  ['a cancellation of nothing', frame('{"jsonrpc":"2.0","method":"$/cancelRequest"}')],
  ['HTTP', 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n'],
];

for (const [what, bytes] of nonsense) {
  test(`${what} ends the connection and nothing else`, async (t) => {
    const served = await serve(t);
    const socket = await open(served);
    socket.write(bytes);
    await closed(socket);
    await assertServes(t, served);
  });
}

/** Well-formed messages that mean nothing. */
const meaningless = [
  'null',
  '5',
  '[]',
  '{}',
  '{"jsonrpc":"2.0"}',
  '{"jsonrpc":"2.0","id":1,"result":{}}',
  '{"jsonrpc":"2.0","method":"console.input","params":{"stream":7,"data":5}}',
  '{"jsonrpc":"2.0","method":"console.input"}',
  '{"jsonrpc":"2.0","id":null,"method":"domain.list"}',
  '{"jsonrpc":"2.0","method":"nosuch","params":[1,2]}',
  '{"jsonrpc":"2.0","id":1,"method":"__proto__","params":{}}',
  '{"jsonrpc":"2.0","id":1,"method":"domain.list","params":[{},{}]}',
  `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
];

for (const body of meaningless) {
  test(`the message ${body.slice(0, 60)} does no harm`, async (t) => {
    const served = await serve(t);
    const socket = await open(served);
    socket.write(frame(body));
    await assertServes(t, served);
    socket.destroy();
    t.deepEqual(served.host.calls, []);
  });
}

test('a message that never ends is cut off', async (t) => {
  const served = await serve(t);
  const socket = await open(served);
  socket.write(`Content-Length: ${MESSAGE_BYTES_MAX * 4}\r\n\r\n`);
  const chunk = Buffer.alloc(1024 * 1024, ' ');
  for (let sent = 0; sent < MESSAGE_BYTES_MAX * 2 && !socket.destroyed; sent += chunk.length) {
    await new Promise((resolve) => socket.write(chunk, resolve));
  }
  await closed(socket);
  await assertServes(t, served);
});

test('a client that leaves in the middle of a message, or of a call, is forgotten', async (t) => {
  const served = await serve(t);
  const half = await open(served);
  half.write('Content-Length: 100\r\n\r\n{"jsonrpc"');
  half.destroy();
  const waiting = await served.connect();
  const wait = waiting.call('domain.waitShutdown', {domid: 0});
  await waiting.close();
  const error = await t.throwsAsync(wait, {instanceOf: ToolstackError});
  t.is(error.code, 'ECONNRESET');
  await assertServes(t, served);
});

test('a flood of requests is answered one by one', async (t) => {
  const served = await serve(t);
  const client = await served.connect();
  const answers = await Promise.all(Array.from({length: 1000}, () => client.call('domain.resolve', {name: '7'})));
  t.deepEqual([...new Set(answers)], [7]);
  await client.close();
});

test('hello must come first, and speak this protocol', async (t) => {
  const served = await serve(t);
  const socket = connect(served.home.socket);
  await once(socket, 'connect');
  const ask = async (message: string): Promise<string> => {
    socket.write(frame(message));
    const [bytes] = (await once(socket, 'data')) as [Buffer];
    return bytes.toString();
  };
  t.regex(await ask('{"jsonrpc":"2.0","id":1,"method":"domain.list","params":{}}'), /hello must come first/);
  const answer = await ask('{"jsonrpc":"2.0","id":2,"method":"hello","params":{"protocol":99}}');
  t.regex(answer, /speaks protocol 1, this program protocol 99/);
  t.regex(await ask('{"jsonrpc":"2.0","id":3,"method":"domain.list","params":{}}'), /hello must come first/);
  socket.destroy();
});

const wrong: readonly [Method, object, RegExp][] = [
  ['domain.pause', {}, /domain.pause: parameter "domid" must be an integer/],
  ['domain.pause', {domid: -1}, /"domid"/],
  ['domain.pause', {domid: 1.5}, /"domid"/],
  ['domain.pause', {domid: '1'}, /"domid"/],
  ['domain.pause', {domid: 2 ** 32}, /"domid"/],
  ['domain.shutdown', {domid: 1, trigger: 'explode'}, /"trigger" must be one of poweroff, reboot/],
  ['domain.create', {config: null, baseDir: '/', paused: true}, /"config" must be an object/],
  ['domain.rename', {domid: 1, name: 'x'.repeat(5000)}, /"name" must be a string of at most 4096/],
  ['disk.detach', {domid: 1, vdev: 'xvda', force: 1}, /"force" must be true or false/],
  ['nosuch' as Method, {}, /unknown method "nosuch"/],
];

for (const [method, params, message] of wrong) {
  test(`${method} with ${JSON.stringify(params).slice(0, 60)} is refused`, async (t) => {
    const served = await serve(t);
    const client = await served.connect();
    await t.throwsAsync(client.call(method, params as Params<Method>), {message});
    t.deepEqual(served.host.calls, []);
    await client.close();
  });
}

test('errors of the toolstack keep their code, text and exit status; others are ours and are logged', async (t) => {
  const served = await serve(t);
  const client = await served.connect();
  served.host.failure = new ToolstackError('EBUSY', 'libxl: error: in use', 3);
  const known = await t.throwsAsync(client.call('domain.pause', {domid: 0}), {instanceOf: ToolstackError});
  t.like(known, {code: 'EBUSY', message: 'libxl: error: in use', exitStatus: 3});
  t.notRegex(served.log.join('\n'), /in use/);
  served.host.failure = new TypeError('x is undefined');
  const unknown = await t.throwsAsync(client.call('domain.pause', {domid: 0}), {instanceOf: ToolstackError});
  t.regex(unknown.message, /^pvsim: internal error of the host: x is undefined; see .*daemon\.log$/);
  t.regex(served.log.join('\n'), /domain\.pause: TypeError: x is undefined\n +at /);
  await client.close();
});
