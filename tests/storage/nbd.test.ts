import {connect, createServer, type Server, type Socket} from 'node:net';
import {join} from 'node:path';
import test, {type ExecutionContext} from 'ava';
import {IoVector, type Storage} from '../../backends/storage/index.ts';
import {realClock, type Schedule} from '../../hypervisor/schedule/index.ts';
import {ExportedDisk, NbdServer} from '../../toolstack/export/index.ts';
import {pattern, tempDir} from '../support/block.ts';
import {BufferDisk} from '../support/buffer-disk.ts';
import {exercise, seeded} from '../support/disk-model.ts';
import {discard, flush, openImage, readBytes, refusal, result, tryRead, writeBytes} from '../support/storage.ts';

const SIZE = 2 ** 20;
const EIO = -5;

const clockFor = (t: ExecutionContext): Schedule => {
  const clock = realClock({seed: 1});
  t.teardown(() => clock.close());
  return clock;
};

const serve = async (t: ExecutionContext, disk: BufferDisk, socket?: string): Promise<NbdServer> => {
  const listen = socket === undefined ? {port: 0} : {socket};
  const server = await NbdServer.listen({name: 'xvda', disk: new ExportedDisk(() => disk), listen});
  t.teardown(() => server.close());
  return server;
};

const open = async (t: ExecutionContext, uri: string): Promise<Storage> => {
  const storage = await openImage(uri, {clock: clockFor(t)});
  t.teardown(() => storage.close());
  return storage;
};

for (const where of ['port', 'socket'] as const) {
  test(`a disk on a ${where} of an NBD server is as one that is a buffer`, async (t) => {
    const bytes = Buffer.from(pattern(SIZE));
    const disk = new BufferDisk(bytes);
    const {uri} = await serve(t, disk, where === 'socket' ? join(tempDir(t), 's') : undefined);
    const storage = await open(t, uri);
    t.is(storage.sizeBytes, SIZE);
    await exercise(storage, bytes, seeded(3), 100);
    t.is(Buffer.compare(disk.bytes, bytes), 0);
    t.is(await flush(storage), 0);
    t.true(disk.flushes > 0);
    t.is(await discard(storage, 4096, 8192), 8192);
    const vector = new IoVector({u8: new Uint8Array(8192).fill(0xee)}, 3);
    for (const [at, length] of [
      [4096, 512],
      [0, 1024],
      [6144, 512],
    ])
      vector.add(at, length);
    t.is(await result((completion) => storage.read(vector, 65536, completion)), 2048);
    t.deepEqual(Buffer.from(vector.memory.u8.subarray(4096, 4608)), bytes.subarray(65536, 65536 + 512));
    t.deepEqual(Buffer.from(vector.memory.u8.subarray(0, 1024)), bytes.subarray(66048, 66048 + 1024));
    t.is(vector.memory.u8[1024], 0xee);
  });
}

test('many requests at once, answered in whatever order they end', async (t) => {
  const disk = new BufferDisk(pattern(SIZE));
  const storage = await open(t, (await serve(t, disk)).uri);
  const reads = Array.from({length: 200}, (_, i) => readBytes(storage, (i * 37 * 512) % SIZE, 512));
  const got = await Promise.all(reads);
  got.forEach((bytes, i) =>
    t.is(Buffer.compare(bytes, disk.bytes.subarray((i * 37 * 512) % SIZE).subarray(0, 512)), 0),
  );
});

test("errors of the server's disk are errors, not the end", async (t) => {
  const disk = new BufferDisk(pattern(SIZE));
  const storage = await open(t, (await serve(t, disk)).uri);
  disk.failure = 'EIO';
  t.is(await tryRead(storage, 0, 4096), EIO);
  t.is(await writeBytes(storage, 0, pattern(4096)), EIO);
  disk.failure = 'ENOSPC';
  t.is(await writeBytes(storage, 0, pattern(4096)), -28);
  disk.failure = undefined;
  t.is(Buffer.compare(await readBytes(storage, 0, 4096), pattern(SIZE).subarray(0, 4096)), 0);
});

test('a server that goes and comes back is asked again; what was not flushed is told', async (t) => {
  const disk = new BufferDisk(pattern(SIZE));
  const socket = join(tempDir(t), 's');
  const first = await serve(t, disk, socket);
  const storage = await open(t, first.uri);
  t.is(await writeBytes(storage, 0, pattern(4096, 9)), 4096);
  disk.delayMs = 200;
  const reading = readBytes(storage, 8192, 4096);
  first.close();
  disk.delayMs = 0;
  await serve(t, disk, socket);
  t.is(Buffer.compare(await reading, disk.bytes.subarray(8192, 12288)), 0);
  t.is(await flush(storage), EIO);
  t.is(await flush(storage), 0);
  t.regex(String(storage), /1048576 bytes, connected$/);
});

test('a server that does not come back: requests fail after some tries', async (t) => {
  const server = await serve(t, new BufferDisk(pattern(SIZE)), join(tempDir(t), 's'));
  const storage = await open(t, server.uri);
  server.close();
  const results = await Promise.all([tryRead(storage, 0, 512), writeBytes(storage, 0, pattern(512))]);
  t.deepEqual(results, [EIO, EIO]);
  t.regex(String(storage), /not connected: /);
});

test('what cannot be used says why', async (t) => {
  const clock = clockFor(t);
  const readonly = await serve(t, new BufferDisk(pattern(SIZE), true));
  const table: [string, RegExp][] = [
    ['nbd://example.com/x', /^bad-target: .*example\.com is not this machine/],
    ['nbd+unix:///x', /^bad-target: .*\?socket=PATH/],
    ['nbd://[', /^bad-target: .*not a URI/],
    ['nbd://localhost:1/x', /^io: .*ECONNREFUSED/],
    ['nbd+unix:///?socket=/nowhere', /^io: .*ENOENT/],
    [readonly.uri, /^access: .*the export is read-only/],
    [readonly.uri.replace('xvda', 'other'), /^io: .*the export "other" is refused: no export "other"/],
  ];
  for (const [uri, expected] of table) t.regex(await refusal(uri, {clock}), expected, uri);
  t.regex(await refusal(readonly.uri), /^bad-target: .*cannot be used in virtual time/);
  t.is(await refusal(readonly.uri, {clock, readonly: true}), 'opened');
});

/** A server that says whatever it is told to. */
const liar = async (t: ExecutionContext, say: (socket: Socket, said: number) => void): Promise<string> => {
  const server: Server = createServer((socket) => {
    let said = 0;
    socket.on('error', () => undefined);
    socket.on('data', () => say(socket, said++));
    say(socket, -1);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.teardown(() => server.close());
  return `nbd://localhost:${(server.address() as {port: number}).port}/x`;
};

test('servers that are none are refused', async (t) => {
  const clock = clockFor(t);
  const magic = Buffer.from('4e42444d414749434948415645 4f50540003'.replace(' ', ''), 'hex');
  const lies: [(socket: Socket, said: number) => void, RegExp][] = [
    [(socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'), /not an NBD server/],
    [(socket) => socket.end(), /ended|closed/],
    [(socket, said) => socket.write(said < 0 ? magic : Buffer.alloc(20)), /a reply to option 8 that is none/],
    [(socket, said) => socket.write(said < 0 ? magic : Buffer.alloc(20, 0xff)), /a reply to option 8 that is none/],
    [(socket) => socket.write(Buffer.concat([magic.subarray(0, 16), Buffer.from([0, 0])])), /without fixed newstyle/],
  ];
  for (const [say, expected] of lies) t.regex(await refusal(await liar(t, say), {clock}), expected);
});

const GREETING_BYTES = 18;
/** Of NBD_OPT_GO: the export's size and flags, then the end of the replies. */
const GO_REPLY_BYTES = 32 + 20;

/** What the server sends to a client that says so, and has nothing more to say once it has had so many bytes. */
const tell = async (uri: string, words: readonly Buffer[], enoughBytes = GREETING_BYTES): Promise<Buffer> => {
  const socket = connect({host: '127.0.0.1', port: Number(new URL(uri).port)});
  let said = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    said = Buffer.concat([said, chunk]);
    if (said.length >= enoughBytes) socket.end();
  });
  socket.on('error', () => undefined);
  for (const word of words) socket.write(word);
  await new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return said;
};

const option = (type: number, data: Buffer, length = data.length): Buffer => {
  const head = Buffer.alloc(16);
  head.write('IHAVEOPT', 'latin1');
  head.writeUInt32BE(type, 8);
  head.writeUInt32BE(length, 12);
  return Buffer.concat([head, data]);
};

const request = (command: number, offset: bigint, length: number, flags = 0): Buffer => {
  const bytes = Buffer.alloc(28);
  bytes.writeUInt32BE(0x25609513, 0);
  bytes.writeUInt16BE(flags, 4);
  bytes.writeUInt16BE(command, 6);
  bytes.writeBigUInt64BE(77n, 8);
  bytes.writeBigUInt64BE(offset, 16);
  bytes.writeUInt32BE(length, 24);
  return bytes;
};

test('clients of all kinds harm only themselves', async (t) => {
  const disk = new BufferDisk(pattern(SIZE));
  const {uri} = await serve(t, disk);
  const flags = Buffer.from([0, 0, 0, 3]);
  const go = option(7, Buffer.from([0, 0, 0, 0, 0, 0]));
  const answers = async (expected: number[], what: string, ...requests: Buffer[]): Promise<void> => {
    const agreedBytes = GREETING_BYTES + GO_REPLY_BYTES;
    const said = await tell(uri, [flags, go, ...requests], agreedBytes + 16 * expected.length);
    const replies = said.subarray(agreedBytes);
    const errors = Array.from({length: Math.floor(replies.length / 16)}, (_, i) => replies.readUInt32BE(i * 16 + 4));
    t.deepEqual(errors, expected, what);
  };
  await answers([22], 'a read beyond the end', request(0, BigInt(SIZE), 512));
  await answers([28], 'a write beyond the end', request(1, BigInt(SIZE), 512), Buffer.alloc(512));
  await answers([22], 'a read at the end of all numbers', request(0, 2n ** 64n - 512n, 512));
  await answers([22], 'a read askew', request(0, 1n, 512));
  await answers([22], 'a read of 2 GiB', request(0, 0n, 2 ** 31));
  await answers([22], 'an unknown command', request(99, 0n, 512));
  await answers([22], 'a block status that was not agreed on', request(7, 0n, 512));
  await answers([], 'a write of 64 MiB', request(1, 0n, 2 ** 26), Buffer.alloc(64));
  await answers([], 'no request at all', Buffer.alloc(28, 0xff));
  await answers([], 'half a write', request(1, 0n, 512), Buffer.alloc(100));
  for (const words of [
    [Buffer.from([0xff, 0xff, 0xff, 0xff])],
    [flags, Buffer.alloc(16, 0x41)],
    [flags, option(7, Buffer.alloc(0), 2 ** 31)],
    [flags, option(7, Buffer.from([0xff, 0xff, 0xff, 0xff]))],
    [flags, option(10, Buffer.alloc(3))],
    [flags, option(8, Buffer.alloc(0)), option(10, Buffer.from([0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]))],
    [flags, ...Array.from({length: 300}, () => option(3, Buffer.alloc(0)))],
  ]) {
    await tell(uri, words);
  }
  const storage = await open(t, uri);
  t.is(Buffer.compare(await readBytes(storage), pattern(SIZE)), 0, 'others are served, and nothing was written');
});

test('more clients than are allowed wait outside', async (t) => {
  const {uri} = await serve(t, new BufferDisk(pattern(SIZE)));
  const port = Number(new URL(uri).port);
  const fate = (): Promise<'greeted' | 'closed'> => {
    const socket = connect({host: '127.0.0.1', port});
    t.teardown(() => socket.destroy());
    socket.on('error', () => undefined);
    return new Promise((resolve) => {
      socket.once('data', () => resolve('greeted'));
      socket.once('close', () => resolve('closed'));
    });
  };
  const fates = await Promise.all(Array.from({length: 20}, fate));
  t.is(fates.filter((each) => each === 'closed').length, 4);
});

test('a socket that is in use is refused', async (t) => {
  const socket = join(tempDir(t), 's');
  await serve(t, new BufferDisk(pattern(SIZE)), socket);
  await t.throwsAsync(serve(t, new BufferDisk(pattern(SIZE)), socket), {message: /cannot listen on .*EADDRINUSE/});
});
