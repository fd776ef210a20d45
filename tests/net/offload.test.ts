import test from 'ava';
import type {VifPacket} from '../../backends/net/index.ts';
import {collect, createNetRig, type NetRig} from './net-rig.ts';
import {RawFrontend, startRaw} from './raw-frontend.ts';
import {ACK, CWR, FIN, HEADERS, PSH, readTcp, tcpFrame} from './tcp-frame.ts';

/** Numbers of netif.h, written down again. */
const TX_CSUM_BLANK = 1;
const TX_MORE_DATA = 4;
const TX_EXTRA_INFO = 8;
const RX_DATA_VALIDATED = 1;
const RX_CSUM_BLANK = 2;
const RX_MORE_DATA = 4;
const RX_EXTRA_INFO = 8;
const OKAY = 0;
const NULL_RSP = 1;
const PAGE = 4096;
const MSS = 1448;
/** In a frame of TCP over IPv4 without options. */
const CHECKSUM_AT = 14 + 20 + 16;

/** Tuning of a built-in guest that takes nothing but complete segments. */
const PLAIN = {tuning: 'gso4=0,gso6=0,csum4=0,csum6=0'};

const rawGuest = async (net: NetRig, nodes: Record<string, number> = {}, start = 0): Promise<RawFrontend> => {
  const guest = await net.rig.createGuest({pages: 512});
  let raw: RawFrontend | undefined;
  startRaw(guest, (device) => {
    raw = new RawFrontend(guest, device, start);
    Object.assign(raw.nodes, nodes);
    raw.connect();
  });
  await net.addVif(guest);
  await net.settle();
  if (raw === undefined) throw new Error('no device');
  return raw;
};

/** Posts receive requests; returns the pages behind them. */
const postRoom = (raw: RawFrontend, count: number): Uint8Array[] => {
  const pages = Array.from({length: count}, () => raw.page());
  raw.post(pages.map((gfn, id) => ({id, gref: raw.grant(gfn)})));
  return pages.map((gfn) => raw.bytes(gfn));
};

/** Sends a frame in slots of up to a page, to be cut into segments of `segment` bytes if that is given. */
const send = (raw: RawFrontend, frame: Uint8Array, segment?: number): void => {
  const slots = Math.ceil(frame.length / PAGE);
  const [first, ...rest] = Array.from({length: slots}, (_, i) => {
    const bytes = frame.subarray(i * PAGE, (i + 1) * PAGE);
    const more = i < slots - 1 ? TX_MORE_DATA : 0;
    const firstFlags = TX_CSUM_BLANK | (segment === undefined ? 0 : TX_EXTRA_INFO);
    return {
      gref: raw.pageWith(bytes),
      flags: i === 0 ? more | firstFlags : more,
      size: i === 0 ? frame.length : bytes.length,
    };
  });
  const extra = segment === undefined ? [] : [{type: 1, size: segment, gsoType: 1}];
  raw.transmit([first, ...extra, ...rest]);
};

for (const start of [0, 0xfffffff0]) {
  test(`NETIF-EXT-02, NETIF-RX-05: a packet to be cut goes whole to a guest that can, ring started at ${start}`, async (t) => {
    const net = await createNetRig();
    const from = await rawGuest(net, {}, start);
    const to = await rawGuest(net, {'feature-gso-tcpv4': 1}, start);
    const pages = postRoom(to, 20);
    const frame = tcpFrame(3 * PAGE);
    send(from, frame, MSS);
    await net.settle();
    t.deepEqual(
      from.responses().map(({status}) => status),
      [OKAY, NULL_RSP, OKAY, OKAY, OKAY],
    );
    t.is((to.rxResponses - start) >>> 0, 5);
    const first = to.received(start);
    t.is(first.flags, RX_CSUM_BLANK | RX_DATA_VALIDATED | RX_EXTRA_INFO | RX_MORE_DATA);
    // The extra info: type 1 without flags, its size where others have an offset, then kind 1.
    t.deepEqual(to.received(start + 1), {id: 1, offset: MSS, flags: 1, status: 0});
    const flags = [2, 3, 4].map((slot) => to.received(start + slot).flags);
    t.deepEqual(flags, [RX_MORE_DATA, RX_MORE_DATA, 0]);
    const parts = [0, 2, 3, 4].map((slot) => pages[slot].slice(0, to.received(start + slot).status));
    t.deepEqual(new Uint8Array(parts.flatMap((part) => [...part])), frame);
  });
}

test('NETIF-EXT-08: a guest that cannot gets complete segments', async (t) => {
  const net = await createNetRig();
  const plain = await net.connectedGuest({front: PLAIN});
  const heard = collect(plain.nics[0]);
  const from = await rawGuest(net, {}, 0xffffffff);
  const frame = tcpFrame(5000, {sequence: 0xffffff00, flags: ACK | PSH | FIN | CWR, id: 0xffff});
  send(from, frame, MSS);
  await net.settle();
  const segments = heard.map((bytes) => readTcp(bytes));
  t.true(segments.every(({isRight}) => isRight));
  t.deepEqual(
    segments.map(({payload}) => payload.length),
    [MSS, MSS, MSS, 5000 - 3 * MSS],
  );
  t.deepEqual(new Uint8Array(segments.flatMap(({payload}) => [...payload])), frame.slice(HEADERS));
  t.deepEqual(
    segments.map(({sequence}) => sequence),
    [0, 1, 2, 3].map((i) => (0xffffff00 + i * MSS) >>> 0),
  );
  t.deepEqual(
    segments.map(({id}) => id),
    [0xffff, 0, 1, 2],
  );
  t.deepEqual(
    segments.map(({flags}) => flags),
    [ACK | CWR, ACK, ACK, ACK | PSH | FIN],
  );
});

test('NETIF-CSUM-03: each receiver of a flooded packet gets it as it can take it', async (t) => {
  const net = await createNetRig();
  const plain = await net.connectedGuest();
  const heard = collect(plain.nics[0]);
  const able = await rawGuest(net);
  const [page] = postRoom(able, 1);
  const unable = await rawGuest(net, {'feature-no-csum-offload': 1});
  const [other] = postRoom(unable, 1);
  const from = await rawGuest(net);
  const frame = tcpFrame(100);
  send(from, frame);
  await net.settle();
  t.true(heard.length === 1 && readTcp(heard[0]).isRight);
  t.is(able.received(0).flags, RX_CSUM_BLANK | RX_DATA_VALIDATED);
  t.deepEqual(page.slice(0, frame.length), frame, 'with its blank checksum');
  t.is(unable.received(0).flags, 0);
  t.true(readTcp(other.slice(0, frame.length)).isRight);
});

test('NETIF-RX-07: a packet to be cut waits whole for a guest without room', async (t) => {
  const net = await createNetRig();
  const from = await rawGuest(net);
  const to = await rawGuest(net, {'feature-gso-tcpv4': 1});
  const frame = tcpFrame(2 * PAGE);
  send(from, frame, MSS);
  await net.settle();
  t.is(to.rxResponses, 0);
  const pages = postRoom(to, 10);
  await net.settle();
  t.is(to.rxResponses, 4);
  t.is(to.received(0).flags, RX_CSUM_BLANK | RX_DATA_VALIDATED | RX_EXTRA_INFO | RX_MORE_DATA);
  t.is(to.received(1).offset, MSS);
  const parts = [0, 2, 3].map((slot) => pages[slot].slice(0, to.received(slot).status));
  t.deepEqual(new Uint8Array(parts.flatMap((part) => [...part])), frame);
});

test('NETIF-EXT-07, NETIF-EXT-10: a complete checksum is made blank; of two extra infos of a type the last counts', async (t) => {
  const net = await createNetRig();
  const from = await rawGuest(net);
  const to = await rawGuest(net, {'feature-gso-tcpv4': 1});
  const [page] = postRoom(to, 2);
  const blank = tcpFrame(3000);
  const complete = blank.slice();
  complete.set([0x12, 0x34], CHECKSUM_AT);
  from.transmit([
    {gref: from.pageWith(complete), flags: TX_EXTRA_INFO, size: complete.length},
    {type: 1, size: 700, gsoType: 1, more: true},
    {type: 1, size: MSS, gsoType: 1},
  ]);
  await net.settle();
  t.deepEqual(
    from.responses().map(({status}) => status),
    [OKAY, NULL_RSP, NULL_RSP],
  );
  t.is(to.received(0).flags, RX_CSUM_BLANK | RX_DATA_VALIDATED | RX_EXTRA_INFO);
  t.is(to.received(1).offset, MSS);
  t.deepEqual(page.slice(0, blank.length), blank);
});

test('segments of a size that no frame has are cut to a page', async (t) => {
  const net = await createNetRig();
  const plain = await net.connectedGuest({mtu: 9000, front: PLAIN});
  const heard = collect(plain.nics[0]);
  const from = await rawGuest(net);
  const frame = tcpFrame(3 * PAGE);
  send(from, frame, 8000);
  await net.settle();
  const segments = heard.map((bytes) => readTcp(bytes));
  t.true(segments.length > 3 && segments.every(({isRight}) => isRight));
  t.deepEqual(new Uint8Array(segments.flatMap(({payload}) => [...payload])), frame.slice(HEADERS));
});

test('who captures sees packets as they cross the rings: slots, grants, and what is left to do', async (t) => {
  const net = await createNetRig();
  const from = await rawGuest(net, {}, 0xfffffffe);
  const to = await rawGuest(net, {'feature-gso-tcpv4': 1});
  postRoom(to, 20);
  const seen: VifPacket[] = [];
  const backends = [from, to].map(({guest}) => net.vif(guest));
  const looks = backends.map(({packets}) => packets.subscribe((packet) => seen.push(packet)));
  const frame = tcpFrame(3 * PAGE);
  send(from, frame, MSS);
  await net.settle();
  const marks = seen.map(({direction, offload, slot, slots, grefs}) => [direction, offload, slot, slots, grefs.length]);
  // Checksum blank is bit 16 beside the segments' size. The ring has 256 slots.
  t.deepEqual(marks, [
    ['tx', 0x10000 + MSS, 254, 5, 4],
    ['rx', 0x10000 + MSS, 0, 5, 4],
  ]);
  for (const {bytes} of seen) t.deepEqual(bytes, frame);
  looks.forEach((look) => look.unsubscribe());
  send(from, frame, MSS);
  await net.settle();
  t.is(seen.length, 2);
});
