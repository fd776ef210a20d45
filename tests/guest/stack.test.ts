import test from 'ava';
import {formatMac, parseIpv4} from '../../frontends/guest/net/address.ts';
import {parseCidr} from '../../frontends/guest/net/cidr.ts';
import type {EchoAnswer} from '../../frontends/guest/net/echo.ts';
import {formatIp} from '../../frontends/guest/net/ip.ts';
import {NetStack} from '../../frontends/guest/net/index.ts';
import {type Schedule, virtualClock} from '../../hypervisor/schedule/index.ts';
import {FakeNic, joinNics} from './machine.ts';

const bytes = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex.replaceAll(/\s/g, ''), 'hex'));
const hexes = (frames: readonly Uint8Array[]): string[] => frames.map((frame) => Buffer.from(frame).toString('hex'));
const cidr = (text: string) => parseCidr(text) ?? {address: 0, prefix: 0};
const ip = (text: string): number => parseIpv4(text) ?? 0;
const SECOND = 1e9;

/** Made by a program that shares nothing with this one. */
const ARP_REQUEST = 'ffffffffffff00163e0000010806000108000604000100163e0000010a0000010000000000000a000002';
const ARP_REPLY = '00163e00000100163e0000020806000108000604000200163e0000020a00000200163e0000010a000001';
const ECHO =
  '00163e00000200163e00000108004500002c00014000400126ce0a0000010a0000020800bfbd00010001000102030405060708090a0b0c0d0e0f';
const ECHO_REPLY =
  '00163e00000100163e00000208004500002c00014000400126ce0a0000020a0000010000c7bd00010001000102030405060708090a0b0c0d0e0f';
/** IP options, an odd length, and padding behind the packet. */
const ODD_ECHO =
  '00163e00000200163e00000108004600002300074000400123d00a0000010a0000020101010008005377beef12346f6464ffffffffffffffff';
const ODD_REPLY = '00163e00000100163e00000208004500001f00014000400126db0a0000020a00000100005b77beef12346f6464';
/** From 10.0.0.254, about an echo request to 10.9.9.9 with identifier 1 and sequence number 1. */
const UNREACHABLE =
  '00163e00000100163e00000208004500003800094000400125be0a0000fe0a00000103003540000000004500002c0001400040011dbe0a0000010a0909090800bfbd00010001';

interface End {
  schedule: Schedule;
  stack: NetStack;
  nic: FakeNic;
}

const makeEnd = (address: string, lastMacByte: number, schedule = virtualClock(1)): End => {
  const stack = new NetStack(schedule);
  const nic = new FakeNic('eth0', lastMacByte);
  stack.attach(nic).addAddress(cidr(address));
  return {schedule, stack, nic};
};

const makePair = (): [End, End] => {
  const a = makeEnd('10.0.0.1/24', 1);
  const b = makeEnd('10.0.0.2/24', 2, a.schedule);
  joinNics(a.schedule, a.nic, b.nic);
  return [a, b];
};

test('two stacks find each other and answer, byte for byte', async (t) => {
  const [a, b] = makePair();
  const answers: EchoAnswer[] = [];
  const socket = a.stack.echo.open((answer) => answers.push(answer));
  t.is(socket.send(ip('10.0.0.2'), 1, bytes('000102030405060708090a0b0c0d0e0f')), undefined);
  await a.schedule.sleep(SECOND);
  t.deepEqual(hexes(a.nic.sent), [ARP_REQUEST, ECHO]);
  t.deepEqual(hexes(b.nic.sent), [ARP_REPLY, ECHO_REPLY]);
  t.deepEqual(answers, [{kind: 'reply', from: ip('10.0.0.2'), sequence: 1, ttl: 64, code: 0, bytes: 24}]);
  t.deepEqual(
    b.stack
      .interface('eth0')
      ?.neighbours.list()
      .map(({address, mac}) => [formatIp(address), formatMac(mac ?? b.nic.mac)]),
    [['10.0.0.1', '00:16:3e:00:00:01']],
  );
});

test('an echo request with options, odd data and padding is answered without them', async (t) => {
  const b = makeEnd('10.0.0.2/24', 2);
  b.nic.receive(bytes(ARP_REQUEST), bytes(ODD_ECHO));
  await b.schedule.sleep(SECOND);
  t.deepEqual(hexes(b.nic.sent), [ARP_REPLY, ODD_REPLY]);
});

test('frames wait for an address, are sent in order, the oldest lost beyond 16', async (t) => {
  const a = makeEnd('10.0.0.1/24', 1);
  const socket = a.stack.echo.open(() => undefined);
  for (let sequence = 1; sequence <= 20; sequence++) socket.send(ip('10.0.0.2'), sequence, new Uint8Array(0));
  t.is(a.nic.sent.length, 1);
  a.nic.receive(bytes(ARP_REPLY));
  t.deepEqual(
    a.nic.sent.slice(1).map((frame) => frame[41]),
    Array.from({length: 16}, (_, i) => i + 5),
  );
  t.is(a.stack.interface('eth0')?.counters.txDropped, 4);
  await a.schedule.sleep(5 * SECOND);
  t.is(a.nic.sent.length, 17);
});

test('an address that does not answer is asked for three times, a second apart', async (t) => {
  const a = makeEnd('10.0.0.1/24', 1);
  const answers: EchoAnswer[] = [];
  const socket = a.stack.echo.open((answer) => answers.push(answer));
  socket.send(ip('10.0.0.2'), 7, new Uint8Array(0));
  await a.schedule.sleep(2.5 * SECOND);
  t.is(a.nic.sent.length, 3);
  t.deepEqual(a.stack.interface('eth0')?.neighbours.list(), [{address: ip('10.0.0.2'), mac: undefined}]);
  t.deepEqual(answers, []);
  await a.schedule.sleep(SECOND);
  t.like(answers, [{kind: 'unreachable', from: ip('10.0.0.1'), sequence: 7, code: 1}]);
  t.is(a.stack.counters.arp.resolveFailures, 1);
  t.deepEqual(a.stack.interface('eth0')?.neighbours.list(), []);
  t.is(a.nic.sent.length, 3);
});

test('a known address is asked for again after a minute', async (t) => {
  const [a] = makePair();
  const socket = a.stack.echo.open(() => undefined);
  const send = async (sequence: number): Promise<number> => {
    socket.send(ip('10.0.0.2'), sequence, new Uint8Array(0));
    await a.schedule.sleep(SECOND);
    return a.stack.counters.arp.outRequests;
  };
  t.is(await send(1), 1);
  await a.schedule.sleep(50 * SECOND);
  t.is(await send(2), 1);
  await a.schedule.sleep(10 * SECOND);
  t.is(await send(3), 2);
  t.is(a.stack.counters.icmp.inEchoReps, 3);
});

test('only a request to us makes us learn an unknown neighbour', (t) => {
  const a = makeEnd('10.0.0.9/24', 9);
  // A request for somebody else's address, and an answer that nobody asked for.
  a.nic.receive(bytes(ARP_REQUEST), bytes(ARP_REPLY.replace('00163e000001', '00163e000009')));
  t.deepEqual(a.stack.interface('eth0')?.neighbours.list(), []);
  t.is(a.nic.sent.length, 0);
});

test('the cache is bounded', (t) => {
  const a = makeEnd('10.0.0.2/8', 2);
  for (let i = 0; i < 1500; i++) {
    const frame = bytes(ARP_REQUEST);
    frame.set([10, 1, i >>> 8, i & 255], 28);
    a.nic.receive(frame);
  }
  const known = a.stack.interface('eth0')?.neighbours.list() ?? [];
  t.is(known.length, 1024);
  t.is(formatIp(known[0].address), '10.1.1.220');
});

test('an ICMP error finds the sender of the request', (t) => {
  const a = makeEnd('10.0.0.1/24', 1);
  const answers: EchoAnswer[] = [];
  t.is(a.stack.echo.open((answer) => answers.push(answer)).identifier, 1);
  a.nic.receive(bytes(UNREACHABLE));
  t.like(answers, [{kind: 'unreachable', from: ip('10.0.0.254'), sequence: 1, code: 0}]);
});

/** Each is dropped, counted under that name, and answered by nobody. */
const dropped: [name: string, frame: Uint8Array, counter: [protocol: 'arp' | 'ip' | 'icmp', name: string]][] = [
  ['a cut ARP packet', bytes(ARP_REQUEST).slice(0, 30), ['arp', 'inErrors']],
  ['a wrong IP checksum', bytes(ECHO).fill(0x26, 25, 26), ['ip', 'inHdrErrors']],
  ['a cut IP packet', bytes(ECHO).slice(0, 50), ['ip', 'inHdrErrors']],
  ['a wrong ICMP checksum', bytes(ECHO).fill(0xff, 57, 58), ['icmp', 'inErrors']],
  ['an answer nobody waits for', bytes(ECHO_REPLY.replace('00163e000001', '00163e000002')), ['ip', 'inAddrErrors']],
];

for (const [name, frame, [protocol, counter]] of dropped) {
  test(`dropped: ${name}`, async (t) => {
    const b = makeEnd('10.0.0.2/24', 2);
    b.nic.receive(frame);
    await b.schedule.sleep(SECOND);
    t.is(b.nic.sent.length, 0);
    t.is((b.stack.counters[protocol] as Record<string, number>)[counter], 1);
  });
}

test('runts, frames for others and foreign types are dropped by the interface', (t) => {
  const b = makeEnd('10.0.0.2/24', 2);
  b.nic.receive(
    new Uint8Array(13),
    bytes(ECHO.replace('00163e000002', '00163e000003')),
    bytes(`00163e00000200163e00000188cc${'00'.repeat(40)}`),
  );
  t.like(b.stack.interface('eth0')?.counters, {rxPackets: 3, rxErrors: 1, rxDropped: 1});
  t.is(b.stack.counters.ip.inReceives, 0);
});

test('a broadcast echo request is heard but not answered', async (t) => {
  const [a, b] = makePair();
  t.is(a.stack.echo.open(() => undefined).send(ip('10.0.0.255'), 1, new Uint8Array(0)), 'EACCES');
  const frame = bytes(ECHO);
  frame.fill(0xff, 0, 6);
  frame.set([10, 0, 0, 255], 30);
  // One's complement: the destination's last byte grew by 253, the sum shrinks by as much.
  frame.set([0x25, 0xd1], 24);
  b.nic.receive(frame);
  await b.schedule.sleep(SECOND);
  t.is(b.stack.counters.icmp.inEchos, 1);
  t.is(b.nic.sent.length, 0);
});

test('we talk to ourselves over lo', async (t) => {
  const a = makeEnd('10.0.0.1/24', 1);
  const answers: EchoAnswer[] = [];
  const socket = a.stack.echo.open((answer) => answers.push(answer));
  for (const to of ['127.0.0.1', '127.1.2.3', '10.0.0.1']) socket.send(ip(to), answers.length, new Uint8Array(3));
  await a.schedule.sleep(SECOND);
  t.deepEqual(
    answers.map(({from}) => formatIp(from)),
    ['127.0.0.1', '127.1.2.3', '10.0.0.1'],
  );
  t.is(a.nic.sent.length, 0);
});

test('routes: the longest prefix, a gateway, and none', (t) => {
  const {stack} = makeEnd('10.0.0.1/24', 1);
  const second = new FakeNic('eth1', 3);
  stack.attach(second).addAddress(cidr('10.0.1.1/24'));
  const hop = (to: string): string => {
    const path = stack.routes.lookup(ip(to));
    return path === undefined ? 'none' : `${path.interface.name} ${formatIp(path.nextHop)} ${formatIp(path.source)}`;
  };
  t.is(hop('10.0.0.7'), 'eth0 10.0.0.7 10.0.0.1');
  t.is(hop('10.0.1.7'), 'eth1 10.0.1.7 10.0.1.1');
  t.is(hop('8.8.8.8'), 'none');
  t.is(stack.routes.add(cidr('0.0.0.0/0'), ip('9.9.9.9')), 'ENETUNREACH');
  t.is(stack.routes.add(cidr('0.0.0.0/0'), ip('10.0.0.254')), undefined);
  t.is(stack.routes.add(cidr('0.0.0.0/0'), ip('10.0.1.254')), 'EEXIST');
  t.is(stack.routes.add(cidr('10.0.1.128/25'), ip('10.0.0.253')), undefined);
  t.is(hop('8.8.8.8'), 'eth0 10.0.0.254 10.0.0.1');
  t.is(hop('10.0.1.200'), 'eth0 10.0.0.253 10.0.0.1');
  t.is(hop('10.0.1.100'), 'eth1 10.0.1.100 10.0.1.1');
  t.true(stack.routes.remove(cidr('10.0.1.128/25')));
  t.false(stack.routes.remove(cidr('10.0.1.128/25')));
  t.is(hop('10.0.1.200'), 'eth1 10.0.1.200 10.0.1.1');
});

test('a device that is removed takes its routes along', (t) => {
  const {stack, nic} = makeEnd('10.0.0.1/24', 1);
  stack.routes.add(cidr('0.0.0.0/0'), ip('10.0.0.254'));
  nic.removedSubject.complete();
  t.is(stack.interface('eth0'), undefined);
  t.is(stack.routes.static.length, 0);
  t.is(stack.routes.lookup(ip('10.0.0.2')), undefined);
  nic.receive(bytes(ARP_REQUEST));
  t.is(nic.sent.length, 0);
});

test('a packet larger than the MTU is refused', (t) => {
  const {stack} = makeEnd('10.0.0.1/24', 1);
  const socket = stack.echo.open(() => undefined);
  t.is(socket.send(ip('10.0.0.2'), 1, new Uint8Array(1472)), undefined);
  t.is(socket.send(ip('10.0.0.2'), 1, new Uint8Array(1473)), 'EMSGSIZE');
  t.is(socket.send(ip('8.8.8.8'), 1, new Uint8Array(0)), 'ENETUNREACH');
});
