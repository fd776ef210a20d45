import test from 'ava';
import {BROADCAST, collect, createNetRig, frameOf, type NetGuest, type NetRig} from './net-rig.ts';
import {tcpFrame} from './tcp-frame.ts';
import {ENTRIES, RawFrontend, startRaw, type TxExtra, type TxRequest} from './raw-frontend.ts';

/** Numbers of netif.h, written down again. */
const CSUM_BLANK = 1;
const MORE_DATA = 4;
const EXTRA_INFO = 8;
const OKAY = 0;
const ERROR = -1;
const NULL_RSP = 1;
const ME = Uint8Array.of(2, 0, 0, 0, 0, 9);

interface Pair {
  net: NetRig;
  raw: RawFrontend;
  listener: NetGuest;
  heard: Uint8Array[];
  backPath: string;
}

/** A frontend by hand, connected, and a guest that listens on the same bridge. */
const makePair = async (start = 0, change?: (raw: RawFrontend) => void): Promise<Pair> => {
  const net = await createNetRig();
  const listener = await net.connectedGuest();
  const heard = collect(listener.nics[0]);
  const guest = await net.rig.createGuest();
  let raw: RawFrontend | undefined;
  startRaw(guest, (device) => {
    raw = new RawFrontend(guest, device, start);
    change?.(raw);
    raw.connect();
  });
  const {backPath} = await net.addVif(guest);
  await net.settle();
  if (raw === undefined) throw new Error('no device');
  return {net, raw, listener, heard, backPath};
};

const state = ({net, backPath}: Pair): Promise<string | undefined> => net.read(`${backPath}/state`);
const errorOf = ({net, raw}: Pair): Promise<string | undefined> =>
  net.read(`/local/domain/0/error/backend/vif/${raw.guest.domain.id}/0/error`);

const good = frameOf(BROADCAST, ME, 100);

test('a frame of one slot is carried, from any offset of its page', async (t) => {
  const pair = await makePair();
  const {raw, heard} = pair;
  const offsets = [0, 1, 63, 2000, 4096 - good.length];
  raw.transmit(offsets.map((offset, id) => ({gref: raw.pageWith(good, offset), offset, id, size: good.length})));
  await pair.net.settle();
  t.deepEqual(
    raw.responses(),
    offsets.map((_, id) => ({id, status: OKAY})),
  );
  t.deepEqual(
    heard,
    offsets.map(() => good),
  );
});

test('short frames are carried whole from any alignment, and not a byte beside them', async (t) => {
  const pair = await makePair(0xffffffff - 100);
  const {raw, heard} = pair;
  const frames: Uint8Array[] = [];
  for (let length = 14; length <= 70; length++) {
    const page = new Uint8Array(4096).fill(0xee);
    const offset = 500 + (length % 9);
    frames.push(frameOf(BROADCAST, ME, length, length));
    page.set(frames[frames.length - 1], offset);
    raw.transmit([{gref: raw.pageWith(page), offset, id: length, size: length}]);
  }
  await pair.net.settle();
  t.deepEqual(heard, frames);
});

interface BadPacket {
  what: string;
  packet: (raw: RawFrontend) => (TxRequest | TxExtra)[];
  /** Statuses, one a slot. */
  answers: number[];
}

const badPackets: BadPacket[] = [
  {what: 'a frame of no bytes', packet: (raw) => [{gref: raw.pageWith(good), size: 0}], answers: [ERROR]},
  {
    what: 'a frame shorter than an Ethernet header',
    packet: (raw) => [{gref: raw.pageWith(good), size: 13}],
    answers: [ERROR],
  },
  {
    what: 'a slot that goes over the end of its page',
    packet: (raw) => [{gref: raw.pageWith(good), offset: 4090, size: 20}],
    answers: [ERROR],
  },
  {what: 'a slot of more than a page', packet: (raw) => [{gref: raw.pageWith(good), size: 65535}], answers: [ERROR]},
  {
    what: 'an offset beyond the page',
    packet: (raw) => [{gref: raw.pageWith(good), offset: 65535, size: 100}],
    answers: [ERROR],
  },
  {what: 'a grant reference that is none', packet: () => [{gref: 500, size: 100}], answers: [ERROR]},
  {what: 'a grant reference far beyond the table', packet: () => [{gref: 0xffffffff, size: 100}], answers: [ERROR]},
  {
    what: 'a frame of which the second slot has no grant',
    packet: (raw) => [
      {gref: raw.pageWith(good), flags: MORE_DATA, size: 100},
      {gref: 500, size: 50},
    ],
    answers: [ERROR, ERROR],
  },
  {
    what: 'later slots of more bytes than the whole',
    packet: (raw) => [
      {gref: raw.pageWith(good), flags: MORE_DATA, size: 100},
      {gref: raw.pageWith(good), size: 101},
    ],
    answers: [ERROR, ERROR],
  },
  {
    what: 'a later slot over the end of its page',
    packet: (raw) => [
      {gref: raw.pageWith(good), flags: MORE_DATA, size: 200},
      {gref: raw.pageWith(good), offset: 4000, size: 100},
    ],
    answers: [ERROR, ERROR],
  },
  {
    what: 'a chain that is shorter than an Ethernet header in all',
    packet: (raw) => [
      {gref: raw.pageWith(good), flags: MORE_DATA, size: 13},
      {gref: raw.pageWith(good), size: 6},
    ],
    answers: [ERROR, ERROR],
  },
  {
    what: 'an extra info of a type that does not exist',
    packet: (raw) => [{gref: raw.pageWith(good), flags: EXTRA_INFO, size: 100}, {type: 77}],
    answers: [ERROR, NULL_RSP],
  },
  {
    what: 'segmentation offload for something that is not TCP',
    packet: (raw) => [
      {gref: raw.pageWith(good), flags: EXTRA_INFO | MORE_DATA | CSUM_BLANK, size: 200},
      {type: 1, size: 50, gsoType: 1},
      {gref: raw.pageWith(good), size: 100},
    ],
    answers: [ERROR, NULL_RSP, ERROR],
  },
  ...(
    [
      ['without a size', {type: 1, size: 0, gsoType: 1}, CSUM_BLANK],
      ['of TCP over IPv6 in a packet over IPv4', {type: 1, size: 500, gsoType: 2}, CSUM_BLANK],
      ['of a kind that does not exist', {type: 1, size: 500, gsoType: 9}, CSUM_BLANK],
    ] as const
  ).map(([title, extra, blank]) => ({
    what: `segmentation offload ${title}`,
    packet: (raw: RawFrontend) => [
      {gref: raw.pageWith(tcpFrame(1000)), flags: EXTRA_INFO | blank, size: tcpFrame(1000).length},
      extra,
    ],
    answers: [ERROR, NULL_RSP],
  })),
  {
    what: 'three extra infos',
    packet: (raw) => [
      {gref: raw.pageWith(good), flags: EXTRA_INFO, size: 100},
      {type: 1, more: true},
      {type: 2, more: true},
      {type: 4},
    ],
    answers: [ERROR, NULL_RSP, NULL_RSP, NULL_RSP],
  },
  {
    what: 'a blank checksum in something that is not IP',
    packet: (raw) => [{gref: raw.pageWith(good), flags: CSUM_BLANK, size: 100}],
    answers: [ERROR],
  },
  ...[20, 21].map((slots) => ({
    what: `a chain of ${slots} slots`,
    packet: (raw: RawFrontend) => chain(raw, slots),
    answers: new Array<number>(slots).fill(ERROR),
  })),
];

/** A packet of `slots` slots of ten bytes, the first of 100. */
function chain(raw: RawFrontend, slots: number): TxRequest[] {
  const gref = raw.pageWith(good);
  return Array.from({length: slots}, (_, i) => ({
    gref,
    id: i,
    flags: i < slots - 1 ? MORE_DATA : 0,
    size: i === 0 ? 100 + 10 * (slots - 1) : 10,
  }));
}

for (const {what, packet, answers} of badPackets) {
  test(`answered with an error, and nothing is carried: ${what}`, async (t) => {
    const pair = await makePair(0xfffffffe);
    const {raw, heard} = pair;
    raw.transmit([...packet(raw), {gref: raw.pageWith(good), id: 99, size: good.length}]);
    await pair.net.settle();
    const responses = raw.responses();
    t.deepEqual(
      responses.map(({status}) => status),
      [...answers, OKAY],
    );
    t.is(responses.at(-1)?.id, 99);
    t.deepEqual(heard, [good], 'the frame after it arrives');
    t.is(await state(pair), '4');
    t.is(pair.net.vif(raw.guest).stats().txErrors, 1);
  });
}

interface Fatal {
  what: string;
  reason: RegExp;
  attack: (raw: RawFrontend) => void;
}

const fatal: Fatal[] = [
  {
    what: 'a producer one beyond the ring',
    reason: /more transmit requests than the ring holds/,
    attack: (raw) => raw.publishTx((raw.prod + ENTRIES + 1) >>> 0),
  },
  {
    what: 'a producer half the numbers away',
    reason: /more transmit requests than the ring holds/,
    attack: (raw) => raw.publishTx((raw.prod + 0x80000000) >>> 0),
  },
  {
    what: 'a producer that goes back',
    reason: /more transmit requests than the ring holds/,
    attack: (raw) => raw.publishTx((raw.prod - 1) >>> 0),
  },
  {
    what: 'a receive producer beyond the ring',
    reason: /more receive requests than the ring holds/,
    attack: (raw) => raw.publishRx((raw.rxProd + ENTRIES + 1) >>> 0),
  },
  {
    what: 'a chain that does not end',
    reason: /the rest of a packet is missing/,
    attack: (raw) => raw.transmit(chain(raw, 3).slice(0, 2)),
  },
  {
    what: 'an extra info that does not come',
    reason: /an extra info is missing/,
    attack: (raw) => raw.transmit([{gref: 8, flags: EXTRA_INFO, size: 100}]),
  },
  {
    what: 'extra infos for ever',
    reason: /extra infos/,
    attack: (raw) =>
      raw.transmit([
        {gref: 8, flags: EXTRA_INFO, size: 100},
        ...Array.from({length: 200}, () => ({type: 1, more: true})),
      ]),
  },
  {what: 'a chain of 22 slots', reason: /a packet of 22 slots or more/, attack: (raw) => raw.transmit(chain(raw, 22))},
];

for (const {what, reason, attack} of fatal) {
  for (const start of [0, 0xfffffffe]) {
    test(`closes the vif, with a reason: ${what}, ring started at ${start}`, async (t) => {
      const pair = await makePair(start);
      const {net, raw, listener, heard} = pair;
      const held = net.rig.dom0.domain.maptrack.count;
      attack(raw);
      await net.settle();
      t.is(await state(pair), '5');
      t.regex((await errorOf(pair)) ?? '', reason);
      t.is(net.rig.dom0.domain.maptrack.count, held - 2, 'both rings are let go of');
      // The bridge and its other ports go on.
      const other = await net.connectedGuest();
      other.nics[0].send(frameOf(listener.nics[0].mac, other.nics[0].mac, 60));
      await net.settle();
      t.is(heard.length, 1);
    });
  }
}

test('packets of up to 19 slots are carried, with slots of no bytes anywhere in them', async (t) => {
  const pair = await makePair(0xffffffff - 30);
  const {raw, heard} = pair;
  const bytes = frameOf(BROADCAST, ME, 190);
  const expected: Uint8Array[] = [];
  for (let slots = 1; slots <= 19; slots++) {
    const each = Math.floor(bytes.length / slots);
    const sizes = Array.from({length: slots}, (_, i) => (i > 0 && i % 3 === 0 ? 0 : each));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    let at = 0;
    raw.transmit(
      sizes.map((size, i) => {
        const gref = size === 0 ? 0xdead : raw.pageWith(bytes.subarray(at, at + size), i * 10);
        at += size;
        return {gref, offset: i * 10, id: i, flags: i < slots - 1 ? MORE_DATA : 0, size: i === 0 ? total : size};
      }),
    );
    await pair.net.settle(1e6);
    t.deepEqual(
      raw.responses(),
      sizes.map((_, id) => ({id, status: OKAY})),
    );
    expected.push(bytes.slice(0, total));
  }
  await pair.net.settle();
  t.deepEqual(heard, expected);
});

test('a blank checksum of TCP or UDP over IPv4 is completed', async (t) => {
  const pair = await makePair();
  const {raw, heard} = pair;
  const ip = Uint8Array.of(0x45, 0, 0, 31, 0, 0, 0, 0, 64, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2);
  // Pseudo header: addresses 0x1403, protocol 17, length 11.
  const pseudo = 0x0a00 + 0x0001 + 0x0a00 + 0x0002 + 17 + 11;
  const udp = Uint8Array.of(0x30, 0x39, 0, 53, 0, 11, pseudo >> 8, pseudo & 0xff, 1, 2, 3);
  const frame = Uint8Array.of(...BROADCAST, ...ME, 8, 0, ...ip, ...udp);
  raw.transmit([{gref: raw.pageWith(frame), flags: CSUM_BLANK, size: frame.length}]);
  await pair.net.settle();
  t.is(raw.responses()[0].status, OKAY);
  // 0x3039 + 53 + 11 + pseudo + 0x0102 + 0x0300
  const sum = 0x3039 + 53 + 11 + pseudo + 0x0102 + 0x0300;
  const folded = (sum & 0xffff) + (sum >>> 16);
  t.is((heard[0][40] << 8) | heard[0][41], ~folded & 0xffff);
});

const badNodes: {what: string; nodes: Record<string, number>; reason: RegExp}[] = [
  {what: 'no request-rx-copy', nodes: {'request-rx-copy': 0}, reason: /rx-copy/},
  {what: 'a ring that is not granted', nodes: {'tx-ring-ref': 400}, reason: /mapping netif_tx ring 400/},
  {what: 'a port that is none', nodes: {'event-channel': 77}, reason: /binding event channel 77/},
  {what: 'more queues than offered', nodes: {'multi-queue-num-queues': 2}, reason: /2 queues/},
  {what: 'no queue', nodes: {'multi-queue-num-queues': 0}, reason: /0 queues/},
];

for (const {what, nodes, reason} of badNodes) {
  test(`does not connect: ${what}`, async (t) => {
    const pair = await makePair(0, (raw) => Object.assign(raw.nodes, nodes));
    t.is(await state(pair), '5');
    t.regex((await errorOf(pair)) ?? '', reason);
    t.is(pair.net.rig.dom0.domain.maptrack.count, 2 + 1 + 1, "the listener's rings and two store rings");
  });
}
