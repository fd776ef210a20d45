import test from 'ava';
import {Credit} from '../../backends/net/credit.ts';
import {defaultFeatures} from '../../backends/net/features.ts';
import {MulticastFilter} from '../../backends/net/multicast-filter.ts';
import {PacketHash} from '../../backends/net/packet-hash.ts';
import {PacketTap} from '../../backends/net/packet-tap.ts';
import {RxQueue} from '../../backends/net/rx-queue.ts';
import {createShare} from '../../backends/net/share.ts';
import {StaticGrants} from '../../backends/net/static-grants.ts';
import {createVifStats} from '../../backends/net/stats.ts';
import {TxQueue} from '../../backends/net/tx-queue.ts';
import {FrameArea} from '../../backends/network/index.ts';
import {GrantKeeper} from '../../frontends/grant-keeper.ts';
import {RxRing} from '../../frontends/net/rx-ring.ts';
import {createNetStats} from '../../frontends/net/stats.ts';
import {TxRing} from '../../frontends/net/tx-ring.ts';
import {GNTMAP_host_map} from '../../hypervisor/abi/grant-table.ts';
import {netif_rx_ring, netif_tx_ring} from '../../hypervisor/abi/io/netif.ts';
import type {RingTypes} from '../../hypervisor/abi/io/ring.ts';
import {BackRing, SharedRing} from '../../hypervisor/abi/ring.ts';
import type {DomId} from '../../hypervisor/ids.ts';
import {Random} from '../../hypervisor/schedule/index.ts';
import {BareHost} from '../support/domains.ts';

/** So that indexes pass 2^32 soon. */
const STARTS = [0, 0xffffff80, 0xffffffff];
const PAGE = 4096;
const ROUNDS = 400;
const MAX_FRAME = 65535;

/** A frontend's and a backend's rings on each other, without xenbus and events. */
const makeEnds = (start: number) => {
  const host = new BareHost(1, 1024);
  const dom0 = host.create({domid: 0 as DomId, privileged: true, pages: 1024});
  const guest = host.create({pages: 2048});
  const frontStats = createNetStats();
  const tx = new TxRing(guest.ops, 0, true, frontStats, start);
  const rx = new RxRing(guest.ops, 0, frontStats, start);
  const attach = (types: RingTypes, ref: number): BackRing => {
    const handle = dom0.ops.gnttabMap(guest.domain.id, ref, GNTMAP_host_map);
    const {u32} = dom0.ops.mappedMemory(handle);
    const shared = new SharedRing(types, 'x86_64', {u32, base: dom0.ops.mappedOffset(handle), sizeBytes: PAGE});
    return new BackRing(shared, shared.rspProd);
  };
  const [backTx, backRx] = [attach(netif_tx_ring, tx.ref), attach(netif_rx_ring, rx.ref)];
  const share = createShare(dom0.ops);
  const stats = createVifStats();
  const arrived: Uint8Array[] = [];
  const statics = new StaticGrants(dom0.ops, guest.domain.id);
  const common = {ops: dom0.ops, domid: guest.domain.id, stats, tap: new PacketTap(), statics};
  const onFrames = (): void => void arrived.push(...share.area.batch.copies());
  const txQueue = new TxQueue({
    ...common,
    ring: backTx,
    area: share.area,
    features: defaultFeatures,
    credit: new Credit(dom0.ops.schedule, () => undefined),
    filter: new MulticastFilter(),
    onFrames,
  });
  const reception = {
    maxFrame: MAX_FRAME,
    canScatter: true,
    canBlank4: false,
    canBlank6: false,
    canSegment4: false,
    canSegment6: false,
    canWait: true,
    headroom: 0,
  };
  const {pool, finisher} = share;
  const waiting = {drainNs: 10e9, onExpiry: () => undefined};
  const rxQueue = new RxQueue({...common, ring: backRx, pool, finisher, reception, hash: new PacketHash(), ...waiting});
  return {dom0, guest, frontStats, stats, tx, rx, backTx, backRx, share, arrived, txQueue, rxQueue};
};

/** Mostly short frames, some of a few pages, seldom the longest. */
const lengthOf = (random: Random): number => {
  const kind = random.below(20);
  if (kind === 0) return 14 + random.below(MAX_FRAME - 13);
  return 14 + random.below(kind < 5 ? 9000 : 1500);
};

const pattern = Uint8Array.from({length: MAX_FRAME + 251}, (_, i) => (i * 31 + (i >> 8) * 7) & 0xff);

const randomFrame = (random: Random): Uint8Array => {
  const from = random.below(251);
  return pattern.slice(from, from + lengthOf(random));
};

const sameFrames = (a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean =>
  a.length === b.length && a.every((frame, i) => Buffer.compare(frame, b[i]) === 0);

for (const start of STARTS) {
  test(`what a guest sends arrives whole and in order, ring started at ${start}`, (t) => {
    const {guest, frontStats, stats, tx, backTx, arrived, txQueue} = makeEnds(start);
    const random = new Random(start + 1);
    const sent: Uint8Array[] = [];
    const idle = guest.ops.grantor.count;
    for (let round = 0; round < ROUNDS; round++) {
      for (let n = random.below(40); n > 0; n--) {
        const frame = randomFrame(random);
        if (tx.put(frame)) sent.push(frame);
      }
      tx.push();
      if (random.below(3) === 0) continue;
      t.is(txQueue.drain(), undefined);
      backTx.pushResponses();
      if (random.below(4) > 0) t.is(tx.reap(), undefined);
    }
    txQueue.drain();
    backTx.pushResponses();
    t.is(tx.reap(), undefined);
    t.true(sent.length > 1000);
    t.true(sameFrames(arrived, sent));
    t.true((backTx.reqCons - start) >>> 0 > 2000);
    t.is(tx.free, 256, 'every id is free again');
    t.is(guest.ops.grantor.count, idle, 'no grant is left');
    t.like(frontStats, {txPackets: sent.length, txErrors: 0});
    t.like(stats, {txPackets: sent.length, txErrors: 0});
  });

  test(`what a guest is sent arrives whole and in order, waiting or not, ring started at ${start}`, (t) => {
    const {dom0, guest, stats, rx, backRx, share, rxQueue} = makeEnds(start);
    const random = new Random(start + 2);
    const area = new FrameArea(dom0.ops, 64);
    const sent: Uint8Array[] = [];
    const received: Uint8Array[] = [];
    const take = (): void => {
      t.is(
        rx.take((u8, offset, length) => received.push(u8.slice(offset, offset + length))),
        undefined,
      );
      rx.fill();
    };
    rx.fill();
    const idle = guest.ops.grantor.count;
    for (let round = 0; round < ROUNDS; round++) {
      area.reset();
      for (let n = random.below(12); n > 0; n--) {
        const frame = randomFrame(random);
        if (area.put(frame)) sent.push(frame);
      }
      t.is(rxQueue.begin(), undefined);
      const {offsets, lengths, offloads, count} = area.batch;
      for (let i = 0; i < count; i++) rxQueue.take(offsets[i], lengths[i], offloads[i]);
      backRx.pushResponses();
      // The guest sleeps now and then, so that frames pile up.
      if (random.below(3) > 0) continue;
      take();
      t.is(rxQueue.drain(), undefined);
      backRx.pushResponses();
      take();
      t.is(rxQueue.drain(), undefined);
      backRx.pushResponses();
    }
    for (let i = 0; i < 10; i++) {
      take();
      rxQueue.drain();
      backRx.pushResponses();
    }
    take();
    t.true(sent.length > 1000);
    t.is(stats.rxDropped, 0);
    t.true(sameFrames(received, sent));
    t.true((backRx.reqCons - start) >>> 0 > 2000);
    t.is(share.pool.used, 0, 'no page waits any more');
    t.is(guest.ops.grantor.count, idle);
    t.is(stats.rxPackets, sent.length);
  });
}

test('everything is given back, requests under way or not', (t) => {
  const {dom0, guest, tx, rx, txQueue, backTx} = makeEnds(0xfffffff0);
  const frame = new Uint8Array(100);
  for (let i = 0; i < 20; i++) tx.put(frame);
  tx.push();
  txQueue.drain();
  backTx.pushResponses();
  tx.reap();
  for (let i = 0; i < 5; i++) tx.put(frame);
  rx.fill();
  dom0.ops.gnttabUnmap(0);
  dom0.ops.gnttabUnmap(1);
  const keeper = new GrantKeeper(guest.ops);
  tx.release(keeper);
  rx.release(keeper);
  t.is(keeper.count, 0);
  t.is(guest.ops.grantor.count, 0);
  const pages = new Set(Array.from({length: guest.ops.pages.freePages}, () => guest.ops.pages.alloc()));
  t.is(pages.size, 2048, 'each page once');
});

test('a chain that finds no room leaves the ring as it was', (t) => {
  const {guest, tx, txQueue, backTx, arrived} = makeEnds(0xffffffff);
  const idle = guest.ops.grantor.count;
  let filled = 0;
  while (tx.free > 3 && tx.put(Uint8Array.from({length: 60}, () => filled))) filled++;
  t.false(tx.put(new Uint8Array(4 * PAGE)));
  t.is(tx.free, 3);
  t.is(guest.ops.grantor.count, idle + filled);
  t.true(tx.put(new Uint8Array(3 * PAGE)));
  tx.push();
  t.is(txQueue.drain(), undefined);
  backTx.pushResponses();
  t.is(tx.reap(), undefined);
  t.is(arrived.length, filled + 1);
  t.is(arrived.at(-1)?.length, 3 * PAGE);
  t.is(tx.free, 256);
});
