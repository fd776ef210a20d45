import {once} from 'node:events';
import {existsSync, renameSync, rmSync} from 'node:fs';
import {connect, createServer, type Server, type Socket} from 'node:net';
import {setTimeout as sleep} from 'node:timers/promises';
import test, {type ExecutionContext} from 'ava';
import {BridgeInterface, Networks} from '../../../backends/network/index.ts';
import {encodeFrames} from '../../../backends/network/uplink/frame-decoder.ts';
import {parseUplink, Uplink} from '../../../backends/network/uplink/index.ts';
import {BareHost} from '../../support/domains.ts';
import {temporaryDirectory} from '../../support/temporary.ts';

const PATIENCE_MS = 60_000;
const mac = (last: number): Uint8Array => Uint8Array.of(2, 0, 0, 0, 0, last);

const frame = (to: number, from: number, number = 0, length = 60): Uint8Array => {
  const bytes = new Uint8Array(length).fill(number);
  bytes.set([...mac(to), ...mac(from), 0x88, 0xb5]);
  return bytes;
};

/** A host with one bridge, an uplink on it, and a station that sends and hears. */
const makeHost = (t: ExecutionContext, spec: string, address = 1) => {
  const host = new BareHost(address, 256);
  const {ops} = host.create({domid: 0 as never, privileged: true, pages: 2048});
  const bridge = new Networks(ops).create('xenbr0');
  const log: string[] = [];
  const uplink = new Uplink({ops, bridge, spec: parseUplink(spec), log: (line) => log.push(line)});
  const nic = new BridgeInterface({ops, bridge, name: 'station', mac: mac(address), promiscuous: true});
  const heard: Uint8Array[] = [];
  nic.frames.subscribe((frames) => heard.push(...frames));
  t.teardown(() => uplink.close());
  /** Lets the host run until something is so. */
  const until = async (what: () => boolean): Promise<void> => {
    for (const end = Date.now() + PATIENCE_MS; !what(); await sleep(2)) {
      if (Date.now() > end) throw new Error(`never so; the log says:\n${log.join('\n')}`);
      await host.schedule.sleep(1e8);
    }
  };
  return {host, bridge, uplink, nic, heard, log, until};
};

const listen = async (t: ExecutionContext, path: string, onSocket: (socket: Socket) => void): Promise<Server> => {
  const server = createServer((socket) => {
    t.teardown(() => socket.destroy());
    onSocket(socket);
  }).listen(path);
  await once(server, 'listening');
  t.teardown(() => server.close());
  return server;
};

for (const [kind, specs] of [
  ['streams', (dir: string) => [`listen:${dir}/a`, `stream:${dir}/a`]],
  ['datagrams', (dir: string) => [`dgram:${dir}/a,${dir}/b`, `dgram:${dir}/b,${dir}/a`]],
] as const) {
  test(`two hosts are one network over ${kind}`, async (t) => {
    const [one, two] = specs(temporaryDirectory(t)).map((spec, i) => makeHost(t, spec, i + 1));
    await one.uplink.open();
    await two.uplink.open();
    if (kind === 'streams') await two.until(() => two.log.length > 0 && one.log.length > 0);
    const there = [frame(2, 1, 7), frame(2, 1, 8, 1514), frame(2, 1, 9, 65535)];
    t.is(one.nic.send(there), 3);
    await one.host.settle();
    await two.until(() => two.heard.length === 3);
    t.deepEqual(two.heard, there);
    two.nic.send([frame(1, 2, 10)]);
    await two.host.settle();
    await one.until(() => one.heard.length === 1);
    t.deepEqual(one.heard, [frame(1, 2, 10)]);
    t.is(one.uplink.dropped + two.uplink.dropped, 0);
  });
}

test('a peer that goes, or comes late, is connected to again; what is sent meanwhile is dropped', async (t) => {
  const path = `${temporaryDirectory(t)}/peer`;
  const {uplink, nic, host, log, heard, until} = makeHost(t, `stream:${path}`);
  await uplink.open();
  await until(() => log.length > 0);
  nic.send([frame(9, 1)]);
  await host.settle();
  t.is(uplink.dropped, 1);
  const sockets: Socket[] = [];
  const server = await listen(t, path, (socket) => sockets.push(socket));
  await until(() => sockets.length === 1);
  sockets[0].end(encodeFrames([frame(1, 9, 5)]).subarray(0, 20));
  await until(() => sockets.length === 2);
  sockets[1].write(encodeFrames([frame(1, 9, 6)]));
  await until(() => heard.length === 1);
  t.deepEqual(heard, [frame(1, 9, 6)]);
  server.close();
  sockets[1].destroy();
  await until(() => log.length === 6);
  const title = `uplink xenbr0=stream:${path}:`;
  t.deepEqual(log, [
    `${title} cannot connect: ENOENT; trying again`,
    `${title} connected`,
    `${title} ended within a frame; trying again`,
    `${title} connected`,
    `${title} ended by the peer; trying again`,
    `${title} cannot connect: ENOENT; trying again`,
  ]);
});

test('a peer that does not speak the framing ends the uplink, with one line', async (t) => {
  const path = `${temporaryDirectory(t)}/peer`;
  let connections = 0;
  await listen(t, path, (socket) => {
    connections++;
    socket.on('error', () => undefined).write('HTTP/1.1 400 Bad Request\r\n\r\n');
  });
  const {uplink, host, log, heard, until} = makeHost(t, `stream:${path}`);
  await uplink.open();
  await until(() => log.length === 2);
  await host.schedule.sleep(60e9);
  t.is(
    log[1],
    `uplink xenbr0=stream:${path}: a frame of 1213486160 bytes: this is not a stream of frames, not connecting again`,
  );
  t.deepEqual([connections, log.length, heard.length], [1, 2, 0]);
});

test('a peer that does not read costs no more than a bounded queue', async (t) => {
  const path = `${temporaryDirectory(t)}/peer`;
  const sockets: Socket[] = [];
  await listen(t, path, (socket) => sockets.push(socket.pause()));
  const {uplink, nic, host, until} = makeHost(t, `stream:${path}`);
  await uplink.open();
  await until(() => sockets.length === 1);
  for (let i = 0; i < 64; i++) {
    nic.send(new Array<Uint8Array>(64).fill(frame(9, 1, 0, 1514)));
    await host.settle();
  }
  t.true(uplink.dropped > 2048, `${uplink.dropped} of 4096 dropped`);
  t.true(uplink.dropped < 4096 - 600);
});

test('a flooding peer waits in the kernel; nothing of it is lost', async (t) => {
  const path = `${temporaryDirectory(t)}/peer`;
  const count = 20_000;
  await listen(t, path, (socket) => {
    for (let i = 0; i < count; i += 1000) socket.write(encodeFrames(new Array<Uint8Array>(1000).fill(frame(1, 9))));
  });
  const {uplink, bridge, until} = makeHost(t, `stream:${path}`);
  await uplink.open();
  await until(() => bridge.links[0].inFrames === count);
  t.is(uplink.dropped, 0);
});

test('frames shorter than an Ethernet header are dropped', async (t) => {
  const path = `${temporaryDirectory(t)}/peer`;
  await listen(t, path, (socket) => socket.write(encodeFrames([new Uint8Array(13), frame(1, 9, 1)])));
  const {uplink, heard, until} = makeHost(t, `stream:${path}`);
  await uplink.open();
  await until(() => heard.length === 1);
  t.is(uplink.dropped, 1);
});

test('one program at a time is served; the next one after it', async (t) => {
  const path = `${temporaryDirectory(t)}/socket`;
  const {uplink, heard, log, until} = makeHost(t, `listen:${path}`);
  await uplink.open();
  const [first, second] = [connect(path), connect(path)];
  await once(second, 'close');
  first.write(encodeFrames([frame(1, 9, 3)]));
  await until(() => heard.length === 1);
  first.end(Buffer.alloc(4));
  await until(() => log.length === 2);
  const third = connect(path);
  t.teardown(() => third.destroy());
  third.write(encodeFrames([frame(1, 9, 4)]));
  await until(() => heard.length === 2);
  t.deepEqual(
    log.map((line) => line.replace(`uplink xenbr0=listen:${path}: `, '')),
    ['connected', 'a frame of 0 bytes', 'connected'],
  );
});

test('a socket that a dead host left is replaced, that of a live one is not', async (t) => {
  const path = `${temporaryDirectory(t)}/socket`;
  const live = makeHost(t, `listen:${path}`);
  await live.uplink.open();
  await t.throwsAsync(makeHost(t, `listen:${path}`).uplink.open(), {code: 'EADDRINUSE'});
  await live.uplink.close();
  t.false(existsSync(path));
  const child = createServer().listen(`${path}2`);
  await once(child, 'listening');
  // Left behind, as by a process that was killed.
  renameSync(`${path}2`, path);
  child.close();
  const next = makeHost(t, `listen:${path}`);
  await next.uplink.open();
  const peer = connect(path);
  await once(peer, 'connect');
  peer.destroy();
  rmSync(`${path}2`, {force: true});
});

test('datagrams to a peer that is not there are lost, and those after it comes arrive', async (t) => {
  const dir = temporaryDirectory(t);
  const one = makeHost(t, `dgram:${dir}/a,${dir}/b`, 1);
  await one.uplink.open();
  for (let i = 0; i < 40; i++) {
    one.nic.send(new Array<Uint8Array>(100).fill(frame(2, 1)));
    await one.host.settle();
  }
  await sleep(50);
  const two = makeHost(t, `dgram:${dir}/b,${dir}/a`, 2);
  await two.uplink.open();
  await one.until(() => {
    one.nic.send([frame(2, 1, 1)]);
    return true;
  });
  await two.until(() => two.heard.length > 0);
  t.deepEqual(two.heard[0], frame(2, 1, 1));
  t.deepEqual(one.log, []);
});
