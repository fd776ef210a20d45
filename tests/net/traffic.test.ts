import test from 'ava';
import {BROADCAST, collect, createNetRig, frameOf, type NetGuest, type NetRig} from './net-rig.ts';
import {ENTRIES, RawFrontend, startRaw} from './raw-frontend.ts';

const PAGE = 4096;
const MORE_DATA = 4;
/** Where rings by hand begin. */
const START = 0xfffffff0;

const guestsOf = async (count: number, options: {mtu?: number} = {}): Promise<{net: NetRig; guests: NetGuest[]}> => {
  const net = await createNetRig();
  const guests: NetGuest[] = [];
  for (let i = 0; i < count; i++) guests.push(await net.connectedGuest(options));
  return {net, guests};
};

test('frames are flooded at first; once an address is learned, no third guest sees them', async (t) => {
  const {net, guests} = await guestsOf(3);
  const [a, b, c] = guests.map(({nics}) => nics[0]);
  const [atA, atB, atC] = [a, b, c].map(collect);
  const first = frameOf(b.mac, a.mac, 60);
  a.send(first);
  await net.settle();
  t.deepEqual([atA, atB, atC], [[], [first], [first]]);
  const reply = frameOf(a.mac, b.mac, 200);
  const again = frameOf(b.mac, a.mac, 1514);
  b.send(reply);
  await net.settle();
  a.send(again);
  await net.settle();
  t.deepEqual([atA, atB, atC], [[reply], [first, again], [first]]);
  c.send(frameOf(BROADCAST, c.mac, 42));
  await net.settle();
  t.deepEqual([atA.length, atB.length, atC.length], [2, 3, 1]);
});

test('thousands of frames arrive in order, byte for byte', async (t) => {
  const {net, guests} = await guestsOf(2);
  const [a, b] = guests.map(({nics}) => nics[0]);
  const heard = collect(b);
  const sent: Uint8Array[] = [];
  for (let round = 0; round < 20; round++) {
    for (let i = 0; i < 200; i++) {
      const frame = frameOf(b.mac, a.mac, 14 + (((round * 200 + i) * 37) % 1501), i);
      if (a.send(frame)) sent.push(frame);
    }
    await net.settle(1e6);
  }
  t.is(sent.length, 4000);
  t.deepEqual(heard, sent);
  const bytes = sent.reduce((sum, {length}) => sum + length, 0);
  t.like(a.stats(), {txPackets: 4000, txBytes: bytes, txErrors: 0, txDropped: 0});
  t.like(b.stats(), {rxPackets: 4000, rxBytes: bytes, rxErrors: 0});
  t.like(net.vif(guests[0]).stats(), {txPackets: 4000, txBytes: bytes, txErrors: 0});
  t.like(net.vif(guests[1]).stats(), {rxPackets: 4000, rxBytes: bytes, rxDropped: 0});
});

test('one event carries a whole batch', async (t) => {
  const {net, guests} = await guestsOf(2);
  const [a, b] = guests.map(({nics}) => nics[0]);
  for (let i = 0; i < 100; i++) a.send(frameOf(b.mac, a.mac, 60));
  await net.settle();
  t.is(a.stats().notifications, 1);
  t.true(net.vif(guests[1]).stats().notifications <= 2);
  const batches = net.rig.trace.filter((line) => line.includes('ring_batch device=vif1.0-tx'));
  t.deepEqual(
    batches.map((line) => line.replace(/^.*ring_batch /, '')),
    ['device=vif1.0-tx requests=100 responses=100'],
  );
});

test('frames of more than a page go over several slots, between guests of that MTU only', async (t) => {
  const {net, guests} = await guestsOf(2, {mtu: 65000});
  const small = await net.connectedGuest();
  const [a, b] = guests.map(({nics}) => nics[0]);
  const [atB, atSmall] = [collect(b), collect(small.nics[0])];
  const frames = [PAGE, PAGE + 1, 2 * PAGE, 9014, 65014].map((length, i) => frameOf(BROADCAST, a.mac, length, i));
  for (const frame of frames) t.true(a.send(frame));
  t.false(a.send(frameOf(BROADCAST, a.mac, 65015)), 'longer than the MTU');
  await net.settle();
  t.deepEqual(atB, frames);
  t.deepEqual(atSmall, []);
  t.is(net.vif(small).stats().rxDropped, frames.length);
  t.false(small.nics[0].send(frameOf(BROADCAST, a.mac, 1515)));
});

test('what is not allowed to be sent is not, and is counted', async (t) => {
  const {guests} = await guestsOf(1);
  const [nic] = guests[0].nics;
  t.false(nic.send(frameOf(BROADCAST, nic.mac, 13 + 1).subarray(0, 13)));
  t.false(nic.send(frameOf(BROADCAST, nic.mac, 1515)));
  t.true(nic.send(frameOf(BROADCAST, nic.mac, 1514)));
  let taken = 1;
  while (nic.send(frameOf(BROADCAST, nic.mac, 60))) taken++;
  t.is(taken, ENTRIES);
  t.is(nic.stats().txDropped, 3);
});

test('frames are built in place and taken in place', async (t) => {
  const {net, guests} = await guestsOf(2);
  const [a, b] = guests.map(({nics}) => nics[0]);
  const got: Uint8Array[] = [];
  let rooms = 0;
  b.consumeRaw({receive: (u8, offset, length) => got.push(u8.slice(offset, offset + length))});
  a.consumeRaw({receive: () => undefined, onRoom: () => rooms++});
  const frame = frameOf(b.mac, a.mac, 300);
  for (let i = 0; i < 3; i++) {
    const at = a.reserve();
    guests[0].ops.memory.u8.set(frame, at);
    t.true(a.commit(frame.length));
  }
  t.false(a.commit(13));
  t.false(a.commit(1515));
  await net.settle();
  t.is(got.length, 0, 'nothing goes before the flush');
  a.flush();
  await net.settle();
  t.deepEqual(got, [frame, frame, frame]);
  t.true(rooms > 0);
});

/** A listener that posts receive pages by hand, and a guest that sends. */
const slowReceiver = async (change?: (raw: RawFrontend) => void) => {
  const {net, guests} = await guestsOf(1, {mtu: 9000});
  const guest = await net.rig.createGuest();
  let raw: RawFrontend | undefined;
  startRaw(guest, (device) => {
    raw = new RawFrontend(guest, device, START);
    change?.(raw);
    raw.connect();
  });
  await net.addVif(guest, 0, {mtu: 9000});
  await net.settle();
  if (raw === undefined) throw new Error('no device');
  return {net, raw, sender: guests[0].nics[0], vif: net.vif(guest)};
};

test('frames wait for a guest that has posted no page, up to a limit, and come in order when it has', async (t) => {
  const {net, raw, sender, vif} = await slowReceiver();
  const frames = Array.from({length: 300}, (_, i) => frameOf(BROADCAST, sender.mac, 100 + i, i));
  for (const half of [frames.slice(0, 150), frames.slice(150)]) {
    for (const frame of half) sender.send(frame);
    await net.settle();
  }
  t.is(vif.stats().rxPackets, 0);
  t.is(vif.stats().rxDropped, 300 - 256);
  const pages = Array.from({length: 256}, () => raw.page());
  raw.post(pages.slice(0, 10).map((gfn, id) => ({id, gref: raw.grant(gfn)})));
  await net.settle();
  t.is(vif.stats().rxPackets, 10);
  raw.post(pages.slice(10).map((gfn, i) => ({id: i + 10, gref: raw.grant(gfn)})));
  await net.settle();
  t.is(vif.stats().rxPackets, 256);
  pages.forEach((gfn, i) => {
    t.deepEqual(raw.received(START + i), {id: i, offset: 0, flags: 0, status: 100 + i});
    t.deepEqual(raw.bytes(gfn).slice(0, 100 + i), frames[i]);
  });
});

test('a frame of several slots waits until pages for all of it are posted', async (t) => {
  const {net, raw, sender, vif} = await slowReceiver();
  const frame = frameOf(BROADCAST, sender.mac, 5000);
  sender.send(frame);
  const pages = [raw.page(), raw.page()];
  raw.post([{id: 5, gref: raw.grant(pages[0])}]);
  await net.settle();
  t.is(raw.rxResponses, START);
  raw.post([{id: 6, gref: raw.grant(pages[1])}]);
  await net.settle();
  t.is(vif.stats().rxPackets, 1);
  t.deepEqual(raw.received(START), {id: 5, offset: 0, flags: MORE_DATA, status: PAGE});
  t.deepEqual(raw.received(START + 1), {id: 6, offset: 0, flags: 0, status: 5000 - PAGE});
  t.deepEqual([...raw.bytes(pages[0]), ...raw.bytes(pages[1])].slice(0, 5000), [...frame]);
});

test('a guest without feature-sg gets no frame of more than a page', async (t) => {
  const {net, raw, sender, vif} = await slowReceiver((front) => {
    front.nodes['feature-sg'] = 0;
  });
  raw.post([0, 1, 2].map((id) => ({id, gref: raw.grant(raw.page())})));
  for (const length of [PAGE + 1, PAGE]) sender.send(frameOf(BROADCAST, sender.mac, length));
  await net.settle();
  t.like(vif.stats(), {rxPackets: 1, rxDropped: 1});
  t.is(raw.received(START).status, PAGE);
});

test('nothing waits for a guest that does not say when it has room', async (t) => {
  const {net, raw, sender, vif} = await slowReceiver((front) => {
    front.nodes['feature-rx-notify'] = 0;
  });
  sender.send(frameOf(BROADCAST, sender.mac, 60));
  await net.settle();
  t.like(vif.stats(), {rxPackets: 0, rxDropped: 1});
  raw.post([{id: 0, gref: raw.grant(raw.page())}]);
  sender.send(frameOf(BROADCAST, sender.mac, 60));
  await net.settle();
  t.like(vif.stats(), {rxPackets: 1, rxDropped: 1});
});

test('a page that is not granted for writing costs its frame and no other', async (t) => {
  const {net, raw, sender, vif} = await slowReceiver();
  const pages = [raw.page(), raw.page(), raw.page()];
  raw.post([
    {id: 0, gref: raw.grant(pages[0])},
    {id: 1, gref: raw.grant(pages[1], true)},
    {id: 2, gref: raw.grant(pages[2])},
  ]);
  for (let i = 0; i < 3; i++) sender.send(frameOf(BROADCAST, sender.mac, 60, i));
  await net.settle();
  t.deepEqual(
    [0, 1, 2].map((i) => raw.received(START + i).status),
    [60, -1, 60],
  );
  t.is(vif.stats().rxErrors, 1);
  t.true(raw.bytes(pages[1]).every((byte) => byte === 0));
});

test('a guest whose memory moves goes on', async (t) => {
  const {net, raw, sender, vif} = await slowReceiver();
  raw.post([0, 1].map((id) => ({id, gref: raw.grant(raw.page())})));
  sender.send(frameOf(BROADCAST, sender.mac, 60));
  await net.settle();
  const {memory} = raw.guest.domain;
  const moved = new ArrayBuffer(memory.u8.byteLength + PAGE);
  new Uint8Array(moved, PAGE).set(memory.u8);
  memory.u8.fill(0xee);
  memory.rebind(moved, PAGE);
  const heard = collect(sender);
  raw.transmit([{gref: raw.pageWith(frameOf(BROADCAST, new Uint8Array(6).fill(2), 80)), id: 3, size: 80}]);
  sender.send(frameOf(BROADCAST, sender.mac, 61));
  await net.settle();
  t.deepEqual(raw.responses(), [{id: 3, status: 0}]);
  t.deepEqual([raw.received(START).status, raw.received(START + 1).status], [60, 61]);
  t.is(heard.length, 1);
  t.is(vif.stats().txErrors, 0);
});

test('a guest destroyed under traffic leaves nothing behind, and the others go on', async (t) => {
  const net = await createNetRig();
  const guests = [await net.connectedGuest(), await net.connectedGuest()];
  const dom0 = net.rig.dom0.domain;
  const before = {maps: dom0.maptrack.count, ports: [...dom0.ports.open()].length};
  const victim = await net.createGuest();
  const {frontPath, backPath} = await net.addVif(victim);
  await net.settle();
  const [a, b] = guests.map(({nics}) => nics[0]);
  const heard = collect(b);
  for (let i = 0; i < 100; i++) {
    victim.nics[0].send(frameOf(b.mac, victim.nics[0].mac, 500));
    a.send(frameOf(victim.nics[0].mac, a.mac, 500));
  }
  await net.settle(1000);
  net.rig.destroy(victim);
  a.send(frameOf(b.mac, a.mac, 60));
  await net.settle();
  await net.rig.run(async () => {
    for (const path of [frontPath, backPath]) await net.rig.dom0.xs.rm(path);
  });
  await net.settle();
  t.is(net.rig.xen.domain(victim.domain.id), undefined, 'the domain is gone');
  t.deepEqual({maps: dom0.maptrack.count, ports: [...dom0.ports.open()].length}, before);
  t.is(net.networks.bridge('xenbr0')?.links.length, 2);
  t.is(heard.at(-1)?.length, 60);
});

test('frames can be watched at the vif, at its port and at the bridge, and only then are copied', async (t) => {
  const {net, guests} = await guestsOf(2);
  const [a, b] = guests.map(({nics}) => nics[0]);
  const seen: string[] = [];
  const bridge = net.networks.bridge('xenbr0');
  const note = (where: string) => (capture: {direction: string; port?: string; frames: readonly Uint8Array[]}) =>
    seen.push(`${where} ${capture.port ?? ''} ${capture.direction} ${capture.frames.map(({length}) => length).join()}`);
  const subscriptions = [
    bridge?.frames.subscribe(note('bridge')),
    bridge?.links[1].frames.subscribe(note('port')),
    net.vif(guests[0]).frames.subscribe(note('vif1')),
    net.vif(guests[1]).frames.subscribe(note('vif2')),
  ];
  a.send(frameOf(b.mac, a.mac, 60));
  a.send(frameOf(b.mac, a.mac, 70));
  await net.settle();
  t.deepEqual(seen.toSorted(), ['bridge vif1.0 in 60,70', 'port vif2.0 out 60,70', 'vif1  tx 60,70', 'vif2  rx 60,70']);
  for (const subscription of subscriptions) subscription?.unsubscribe();
  a.send(frameOf(b.mac, a.mac, 80));
  await net.settle();
  t.is(seen.length, 4);
});
