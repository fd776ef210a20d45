import test from 'ava';
import {
  Bridge,
  type BridgeOptions,
  type BridgePort,
  FrameArea,
  type FrameBatch,
  parseMac,
} from '../../backends/network/index.ts';
import {BareHost} from '../support/domains.ts';

const S = 1e9;
const A = '02:00:00:00:00:0a';
const B = '02:00:00:00:00:0b';
const C = '02:00:00:00:00:0c';
const ALL = 'ff:ff:ff:ff:ff:ff';

const bytesOf = (mac: string): Uint8Array => Uint8Array.from(mac.split(':'), (part) => Number.parseInt(part, 16));

/** A frame of which the body is its number. */
const frame = (to: string, from: string, number = 0): Uint8Array =>
  Uint8Array.of(...bytesOf(to), ...bytesOf(from), 0x88, 0xb5, number);

/** A port that writes down which frames it got, in which batches. */
class NotingPort implements BridgePort {
  readonly name: string;
  readonly batches: number[][] = [];

  constructor(name: string) {
    this.name = name;
  }

  receive(batch: FrameBatch): void {
    this.batches.push(batch.copies().map((bytes) => bytes[14]));
  }

  take(): number[][] {
    return this.batches.splice(0);
  }
}

const makeBridge = (ports: number, options: Partial<BridgeOptions> = {}) => {
  const host = new BareHost(1, 256);
  const dom0 = host.createDom0();
  const bridge = new Bridge({name: 'xenbr0', ops: dom0.ops, ...options});
  const area = new FrameArea(dom0.ops, 16);
  const plugged = Array.from({length: ports}, (_, i) => {
    const port = new NotingPort(`p${i}`);
    const link = bridge.attach(port);
    if (link === undefined) throw new Error('no room');
    const send = (...frames: Uint8Array[]): void => {
      for (const bytes of frames) if (!area.put(bytes)) throw new Error('area is full');
      link.send(area.batch);
      area.reset();
    };
    return {port, link, send};
  });
  return {host, dom0, bridge, ports: plugged};
};

test('an unknown address is flooded, a known one gets its frames alone', (t) => {
  const {ports, bridge} = makeBridge(3);
  const [a, b, c] = ports;
  a.send(frame(B, A, 1));
  t.deepEqual([a.port.take(), b.port.take(), c.port.take()], [[], [[1]], [[1]]]);
  b.send(frame(A, B, 2));
  t.deepEqual([a.port.take(), b.port.take(), c.port.take()], [[[2]], [], []]);
  a.send(frame(B, A, 3));
  t.deepEqual([a.port.take(), b.port.take(), c.port.take()], [[], [[3]], []]);
  t.is(bridge.flooded, 1);
  t.deepEqual(bridge.addresses.map(({mac, port}) => `${mac} ${port}`).toSorted(), [`${A} p0`, `${B} p1`]);
});

test('one batch in is one batch out for each port, in order', (t) => {
  const {ports} = makeBridge(3);
  const [a, b, c] = ports;
  b.send(frame(A, B));
  c.send(frame(A, C));
  for (const {port} of ports) port.take();
  a.send(frame(B, A, 1), frame(C, A, 2), frame(ALL, A, 3), frame(B, A, 4), frame(A, A, 5), frame(C, A, 6));
  t.deepEqual([a.port.take(), b.port.take(), c.port.take()], [[], [[1, 3, 4]], [[2, 3, 6]]]);
});

test('group addresses go to all, those of the link to none', (t) => {
  const {ports} = makeBridge(2);
  const [a, b] = ports;
  a.send(
    frame(ALL, A, 1),
    frame('33:33:00:00:00:01', A, 2),
    frame('01:00:5e:00:00:fb', A, 3),
    frame('01:80:c2:00:00:00', A, 4),
    frame('01:80:c2:00:00:0f', A, 5),
    frame('01:80:c2:00:00:10', A, 6),
    frame('01:80:c3:00:00:00', A, 7),
  );
  t.deepEqual(b.port.take(), [[1, 2, 3, 6, 7]]);
});

test('frames from a group or from nobody are not forwarded and not learned', (t) => {
  const {ports, bridge} = makeBridge(2);
  const [a, b] = ports;
  a.send(frame(B, ALL, 1), frame(B, '01:00:00:00:00:01', 2), frame(B, '00:00:00:00:00:00', 3), frame(B, A, 4));
  t.deepEqual(b.port.take(), [[4]]);
  t.is(bridge.invalid, 3);
  t.is(bridge.addresses.length, 1);
});

test('an address moves with its owner', (t) => {
  const {ports} = makeBridge(3);
  const [a, b, c] = ports;
  a.send(frame(ALL, A));
  b.send(frame(ALL, A));
  for (const {port} of ports) port.take();
  c.send(frame(A, C, 1));
  t.deepEqual([a.port.take(), b.port.take()], [[], [[1]]]);
});

test("a port's own address is known from the start and cannot be taken", (t) => {
  const {ports, bridge} = makeBridge(2);
  const [a, b] = ports;
  const host = new NotingPort('dom0');
  bridge.attach(host, {mac: parseMac(C)});
  a.send(frame(C, A, 1));
  t.deepEqual([b.port.take(), host.take()], [[], [[1]]]);
  b.send(frame(ALL, C, 2));
  for (const {port} of ports) port.take();
  host.take();
  a.send(frame(C, A, 3));
  t.deepEqual([b.port.take(), host.take()], [[], [[3]]]);
  t.like(
    bridge.addresses.find(({isLocal}) => isLocal),
    {mac: C, port: 'dom0', ageNs: 0},
  );
});

test('an address that was silent for the ageing time is unknown', async (t) => {
  const {host, ports, bridge} = makeBridge(3, {ageingNs: 10 * S});
  const [a, b, c] = ports;
  b.send(frame(ALL, B));
  await host.schedule.sleep(10 * S);
  a.send(frame(B, A, 1));
  t.deepEqual(c.port.take(), [[0]]);
  t.is(bridge.addresses.length, 2);
  await host.schedule.sleep(1);
  a.send(frame(B, A, 2));
  t.deepEqual(c.port.take(), [[2]]);
  t.is(bridge.addresses.length, 1);
  b.send(frame(A, B));
  a.send(frame(B, A, 3));
  t.deepEqual(c.port.take(), []);
});

test('a full table floods what it cannot learn, and learns again when old addresses go', async (t) => {
  const {host, ports, bridge} = makeBridge(3, {maxAddresses: 100, ageingNs: 10 * S});
  const [a, b, c] = ports;
  const guestMac = (i: number): string => `02:00:00:00:01:${i.toString(16).padStart(2, '0')}`;
  for (let i = 0; i < 120; i++) a.send(frame(ALL, guestMac(i)));
  t.is(bridge.addresses.length, 100);
  for (const {port} of ports) port.take();
  b.send(frame(guestMac(0), B, 1), frame(guestMac(119), B, 2));
  t.deepEqual([a.port.take(), c.port.take()], [[[1, 2]], [[2]]]);
  await host.schedule.sleep(11 * S);
  b.send(frame(ALL, B));
  t.deepEqual(
    bridge.addresses.map(({mac}) => mac),
    [B],
  );
});

test('a port that goes takes its addresses along; its place is used again', (t) => {
  const {ports, bridge} = makeBridge(3, {maxPorts: 3});
  const [a, b, c] = ports;
  b.send(frame(ALL, B));
  t.is(bridge.attach(new NotingPort('late')), undefined);
  b.link.detach();
  t.is(bridge.addresses.length, 0);
  const next = new NotingPort('next');
  t.not(bridge.attach(next), undefined);
  for (const {port} of ports) port.take();
  a.send(frame(B, A, 1));
  t.deepEqual([b.port.take(), c.port.take(), next.take()], [[], [[1]], [[1]]]);
  t.deepEqual(
    bridge.links.map(({port}) => port.name),
    ['p0', 'next', 'p2'],
  );
});

test('a port that sends from within receive is our bug, as are frames from elsewhere', (t) => {
  const {ports, bridge, dom0} = makeBridge(1);
  const echo: BridgePort = {name: 'echo', receive: (batch) => link?.send(batch)};
  const link = bridge.attach(echo);
  t.throws(() => ports[0].send(frame(ALL, A)), {message: /echo sends while it receives/});
  const [other] = makeBridge(1).ports;
  t.throws(() => other.link.send(new FrameArea(dom0.ops, 1).batch), {message: /another domain's memory/});
});

test('an area holds short frames within pages, long ones from a page on, and says when it is full', (t) => {
  const host = new BareHost(1, 64);
  const area = new FrameArea(host.createDom0().ops, 4);
  const place = (length: number): number => {
    const at = area.reserve(length);
    if (at >= 0) area.batch.add(at, length);
    return at;
  };
  const base = place(60);
  t.is(place(4000) - base, 64, 'on a cache line');
  t.is(place(60) - base, 4096, 'not over the end of the page');
  t.is(place(5000) - base, 8192, 'a long one starts with a page');
  t.is(place(4000), -1);
  t.is(place(3000) - base, 8192 + 5056);
  t.is(area.batch.count, 5);
  area.reset();
  t.is(area.batch.count, 0);
  t.is(place(16384), base);
  t.is(place(1), -1);
});
