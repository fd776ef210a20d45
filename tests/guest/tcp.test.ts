import test from 'ava';
import {decodeIpv4} from '../../frontends/guest/net/ipv4.ts';
import {type CableFaults, ip, pattern, readAll, TcpRig} from './tcp-rig.ts';

const SECOND = 1e9;
const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
const bytesOf = (words: string): Uint8Array => new TextEncoder().encode(words);

test('a connection carries bytes both ways and ends in order', async (t) => {
  const rig = new TcpRig();
  const [client, server] = await rig.connect();
  t.is(client.remoteAddress, '10.0.0.2');
  t.is(server.remotePort, client.localPort);
  await client.write(bytesOf('hello'));
  t.is(text(await rig.schedule.drive(server.read())), 'hello');
  await server.write(bytesOf('world'));
  server.end();
  t.is(text(await rig.schedule.drive(readAll(client))), 'world');
  t.is(client.state, 'CLOSE-WAIT');
  client.end();
  t.is(await rig.schedule.drive(server.read()), undefined);
  await rig.schedule.sleep(SECOND);
  t.is(client.state, 'CLOSED');
  t.is(server.state, 'TIME-WAIT');
  await rig.schedule.sleep(61 * SECOND);
  t.is(server.state, 'CLOSED');
  t.is(rig.b.tcp.connections.length, 0);
});

const cables: [name: string, faults: CableFaults, bytes: number][] = [
  ['a good cable', {}, 3_000_000],
  ['loss', {loss: 0.02}, 300_000],
  ['much loss', {loss: 0.2}, 30_000],
  ['duplicates', {duplicate: 0.3}, 300_000],
  ['late frames', {late: 0.1}, 300_000],
  ['all of it', {loss: 0.05, duplicate: 0.1, late: 0.1}, 100_000],
];

for (const [name, faults, length] of cables) {
  for (const seed of [1, 2, 3]) {
    test(`${length} bytes each way over ${name}, seed ${seed}`, async (t) => {
      const rig = new TcpRig({seed, faults});
      const [client, server] = await rig.connect();
      const [there, back] = [pattern(length), pattern(length).toReversed()];
      void client.write(there).then(() => client.end());
      void server.write(back).then(() => server.end());
      const [arrived, returned] = await rig.schedule.drive(Promise.all([readAll(server), readAll(client)]));
      t.is(Buffer.compare(arrived, there), 0);
      t.is(Buffer.compare(returned, back), 0);
      await rig.schedule.sleep(300 * SECOND);
      t.is(rig.a.tcp.connections.length + rig.b.tcp.connections.length, 0);
    });
  }
}

test('a closed port refuses', async (t) => {
  const rig = new TcpRig();
  const {ready} = rig.a.tcp.connect({address: ip('10.0.0.2'), port: 9});
  await t.throwsAsync(rig.schedule.drive(ready), {message: 'Connection refused'});
  t.is(rig.a.tcp.connections.length, 0);
});

test('a reset reaches reader and writer', async (t) => {
  const rig = new TcpRig();
  const [client, server] = await rig.connect();
  const reading = server.read();
  client.abort();
  await t.throwsAsync(rig.schedule.drive(reading), {message: 'Connection reset by peer'});
  await t.throwsAsync(server.write(new Uint8Array(1)), {message: 'Connection reset by peer'});
  t.is(rig.a.counters.tcp.outRsts, 1);
});

test('a peer that is gone is given up', async (t) => {
  const rig = new TcpRig({faults: {drop: (_, index) => index >= 6}});
  const [client] = await rig.connect();
  await client.write(new Uint8Array(100));
  await t.throwsAsync(rig.schedule.drive(client.read()), {message: 'Connection timed out'});
  t.true(rig.schedule.now() > 100 * SECOND);
});

test('nobody at the address: the SYN is given up', async (t) => {
  const rig = new TcpRig();
  const {ready} = rig.a.tcp.connect({address: ip('10.0.0.9'), port: 80});
  await t.throwsAsync(rig.schedule.drive(ready), {message: 'Connection timed out'});
});

test('a reader that is slow closes the window, and opens it', async (t) => {
  const rig = new TcpRig();
  const [client, server] = await rig.connect();
  const sent = pattern(3_000_000);
  const written = client.write(sent).then(() => client.end());
  await rig.schedule.sleep(20 * SECOND);
  const {length} = server.connection.receiver.queue;
  t.true(length > 1024 * 1024 - 1460 && length <= 1024 * 1024);
  const received = await rig.schedule.drive(readAll(server));
  await written;
  t.is(Buffer.compare(received, sent), 0);
});

test('a window that opens while the update is lost is asked after', async (t) => {
  let isCut = false;
  const rig = new TcpRig({faults: {drop: (frame) => isCut && frame[11] === 2}});
  const [client, server] = await rig.connect();
  const sent = pattern(1_500_000);
  void client.write(sent).then(() => client.end());
  await rig.schedule.sleep(5 * SECOND);
  isCut = true;
  const first = await rig.schedule.drive(server.read(600_000));
  isCut = false;
  const rest = await rig.schedule.drive(readAll(server));
  t.is((first?.length ?? 0) + rest.length, sent.length);
});

test('what was sent while nobody accepts waits; beyond the backlog SYNs are dropped', async (t) => {
  const rig = new TcpRig();
  const listener = rig.b.tcp.listen({port: 80, backlog: 2});
  const clients = [1, 2, 3].map(() => rig.a.tcp.connect({address: ip('10.0.0.2'), port: 80}).ready);
  clients[2].catch(() => undefined);
  await rig.schedule.sleep(0.5 * SECOND);
  t.is(rig.b.counters.tcp.listenDrops, 1);
  await listener.accept();
  await rig.schedule.sleep(2 * SECOND);
  t.is((await rig.schedule.drive(clients[2])).state, 'ESTABLISHED');
  listener.close();
  t.throws(() => rig.b.tcp.listen({port: 80}) && rig.b.tcp.listen({port: 80}), {message: 'Address already in use'});
});

test('data for a closed socket are answered with a reset', async (t) => {
  const rig = new TcpRig();
  const [client, server] = await rig.connect();
  server.close();
  await rig.schedule.sleep(SECOND);
  await client.write(new Uint8Array(10));
  await t.throwsAsync(rig.schedule.drive(client.write(new Uint8Array(2_000_000))), {
    message: 'Connection reset by peer',
  });
  t.is(server.state, 'CLOSED');
});

test('both ends may open at once', async (t) => {
  const rig = new TcpRig();
  const a = rig.a.tcp.connect({address: ip('10.0.0.2'), port: 2000, localPort: 1000});
  const b = rig.b.tcp.connect({address: ip('10.0.0.1'), port: 1000, localPort: 2000});
  const [left, right] = await rig.schedule.drive(Promise.all([a.ready, b.ready]));
  await left.write(bytesOf('x'));
  t.is(text(await rig.schedule.drive(right.read())), 'x');
});

test('what is written and ended before the connection is there follows the handshake', async (t) => {
  const rig = new TcpRig();
  const a = rig.a.tcp.connect({address: ip('10.0.0.2'), port: 2000, localPort: 1000});
  void a.stream.write(bytesOf('early'));
  a.stream.end();
  const b = rig.b.tcp.connect({address: ip('10.0.0.1'), port: 1000, localPort: 2000});
  await rig.schedule.drive(b.ready);
  t.is(text(await rig.schedule.drive(readAll(b.stream))), 'early');
  b.stream.end();
  await rig.schedule.sleep(61 * SECOND);
  t.is(rig.a.tcp.connections.length + rig.b.tcp.connections.length, 0);
});

test('a forged reset or SYN inside the window is challenged, not obeyed', async (t) => {
  const rig = new TcpRig();
  const [client, server] = await rig.connect();
  const {endpoints, receiver} = server.connection;
  const forge = {...endpoints, localAddress: endpoints.remoteAddress, remoteAddress: endpoints.localAddress};
  const from = {...forge, localPort: endpoints.remotePort, remotePort: endpoints.localPort};
  const sequence = (receiver.next + 100) >>> 0;
  rig.a.tcp.output.send(from, {sequence, acknowledgment: 0, flags: 0x04, window: 0});
  rig.a.tcp.output.send(from, {sequence, acknowledgment: 0, flags: 0x02, window: 0});
  await rig.schedule.sleep(SECOND);
  t.is(server.state, 'ESTABLISHED');
  await client.write(bytesOf('still'));
  t.is(text(await rig.schedule.drive(server.read())), 'still');
});

test('a way that bears only smaller packets is found', async (t) => {
  const rig = new TcpRig({faults: {drop: (frame) => frame.length > 1014}});
  const [client, server] = await rig.connect();
  const received = readAll(server);
  void client.write(pattern(20_000)).then(() => client.end());
  await rig.schedule.sleep(0.1 * SECOND);
  const big = rig.nicA.sent.find((frame) => frame.length > 1014) ?? new Uint8Array(0);
  rig.b.refuse({...packetOf(big), frame: big}, 'size', 1000);
  t.is((await rig.schedule.drive(received)).length, 20_000);
});

const packetOf = (frame: Uint8Array) => {
  const packet = decodeIpv4(frame);
  if (typeof packet === 'string') throw new Error(packet);
  return packet;
};

test('a stack talks to itself, in segments as large as packets can be', async (t) => {
  const {a, schedule} = new TcpRig();
  for (const address of ['127.0.0.1', '10.0.0.1', '::1']) {
    const listener = a.tcp.listen({port: 80});
    const {ready} = a.tcp.connect({address: ip(address), port: 80});
    const [client, server] = await schedule.drive(Promise.all([ready, listener.accept()]));
    listener.close();
    const sent = pattern(300_000);
    void client.write(sent).then(() => client.end());
    t.is(Buffer.compare(await schedule.drive(readAll(server)), sent), 0, address);
    server.close();
  }
});
