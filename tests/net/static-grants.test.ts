import test from 'ava';
import {StaticGrants} from '../../backends/net/static-grants.ts';
import {GrantKeeper} from '../../frontends/grant-keeper.ts';
import type {ControlRing} from '../../frontends/net/control-ring.ts';
import type {NetQueue} from '../../frontends/net/queue.ts';
import {keepGrantsMapped} from '../../frontends/net/static-grants.ts';
import {
  XEN_NETIF_CTRL_STATUS_SUCCESS,
  XEN_NETIF_CTRL_TYPE_GET_GREF_MAPPING_SIZE,
} from '../../hypervisor/abi/io/netif.ts';
import {collect, createNetRig, frameOf, type NetGuest, type NetRig} from './net-rig.ts';

const FRONT = {tuning: 'staticGrants=1'};

/** Sends frames both ways and back, long enough for every page of a ring to come round. */
const exchange = async (net: NetRig, a: NetGuest, b: NetGuest, count = 600): Promise<[Uint8Array[], Uint8Array[]]> => {
  const [sent, heard] = [[] as Uint8Array[], collect(b.nics[0])];
  for (let i = 0; i < count; i++) {
    const frame = frameOf(b.nics[0].mac, a.nics[0].mac, 60 + ((i * 37) % 1400), i);
    while (!a.nics[0].send(frame)) await net.settle(1e6);
    sent.push(frame);
  }
  await net.settle();
  return [sent, heard];
};

/** Grant operations of dom0 since `from`, by name. */
const grantOps = (net: NetRig, from: number): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const line of net.rig.trace.slice(from)) {
    const point = /d0 (gnttab_\w+)/.exec(line)?.[1];
    if (point !== undefined) counts[point] = (counts[point] ?? 0) + 1;
  }
  return counts;
};

test('pages stay mapped: no frame costs a grant operation, and each arrives as it was sent', async (t) => {
  const net = await createNetRig();
  const a = await net.connectedGuest({front: FRONT});
  const b = await net.connectedGuest({front: FRONT});
  const from = net.rig.trace.length;
  for (const [source, target] of [
    [a, b],
    [b, a],
  ] as const) {
    const [sent, heard] = await exchange(net, source, target);
    t.deepEqual(heard, sent);
  }
  t.deepEqual(grantOps(net, from), {});
  t.like(b.nics[0].stats(), {rxErrors: 0, txErrors: 0});
});

test.serial('every page is given back when the connection ends', async (t) => {
  const net = await createNetRig();
  const guest = await net.connectedGuest();
  const [pages, grants] = [guest.ops.pages.freePages, guest.ops.grantor.count];
  await net.closeFrontend(guest);
  const held = {pages: guest.ops.pages.freePages - pages, grants: grants - guest.ops.grantor.count};
  const other = await net.createGuest();
  const before = {pages: other.ops.pages.freePages, grants: other.ops.grantor.count};
  await net.addVif(other, 0, {front: FRONT});
  await net.settle();
  t.true(before.pages - other.ops.pages.freePages > held.pages, 'a page for each slot of both rings');
  await net.closeFrontend(other);
  await net.settle(5e9);
  t.deepEqual({pages: other.ops.pages.freePages, grants: other.ops.grantor.count}, before);
  t.is(net.frontend(other).pagesHeld, 0);
});

test.serial('a backend without a control ring is served as ever', async (t) => {
  const net = await createNetRig();
  const a = await net.connectedGuest({front: FRONT, back: {tuning: 'ctrl=0'}});
  const b = await net.connectedGuest();
  const [sent, heard] = await exchange(net, a, b, 300);
  t.deepEqual(heard, sent);
  const grants = a.ops.grantor.count;
  const [back, got] = await exchange(net, b, a, 300);
  t.deepEqual(got, back);
  t.true(a.ops.grantor.count <= grants + 1, 'grants end with their requests');
});

test.serial('a backend that refuses the pages is served as ever', async (t) => {
  const {add} = StaticGrants.prototype;
  let refused = 0;
  StaticGrants.prototype.add = () => {
    refused++;
    return false;
  };
  t.teardown(() => {
    StaticGrants.prototype.add = add;
  });
  const net = await createNetRig();
  const a = await net.connectedGuest({front: FRONT});
  const b = await net.connectedGuest();
  t.is(refused, 2, 'both rings were offered');
  for (const [source, target] of [
    [a, b],
    [b, a],
  ] as const) {
    const [sent, heard] = await exchange(net, source, target);
    t.deepEqual(heard, sent);
  }
});

test.serial('frames of several slots and multi-queue work with pages that stay', async (t) => {
  const net = await createNetRig();
  const tuning = {tuning: 'staticGrants=1,hash=1,queues=2'};
  const a = await net.connectedGuest({front: tuning, back: {tuning: 'queues=2'}, mtu: 9000});
  const b = await net.connectedGuest({front: tuning, back: {tuning: 'queues=2'}, mtu: 9000});
  const heard = collect(b.nics[0]);
  const sent = Array.from({length: 40}, (_, i) => frameOf(b.nics[0].mac, a.nics[0].mac, 8000 + i, i));
  for (const frame of sent) {
    while (!a.nics[0].send(frame)) await net.settle(1e6);
  }
  await net.settle();
  t.deepEqual(heard, sent);
});

test.serial('rings of a connection that ends while the backend is asked are left alone', async (t) => {
  const {rig} = await createNetRig();
  const {ops} = await rig.createGuest();
  const control = {
    isLive: true,
    /** Tells its size, and is gone at the next request. */
    request: (type: number) => {
      control.isLive = type === XEN_NETIF_CTRL_TYPE_GET_GREF_MAPPING_SIZE;
      return Promise.resolve(control.isLive ? {status: XEN_NETIF_CTRL_STATUS_SUCCESS, data: 512} : undefined);
    },
  };
  const asked: string[] = [];
  const ring = (name: string) => ({
    keepGrants: (keeps: boolean) => {
      asked.push(`${name} ${keeps}`);
      return [];
    },
  });
  const queue = {rx: ring('rx'), tx: ring('tx')} as unknown as NetQueue;
  const peer = {ops, domid: 0, keeper: new GrantKeeper(ops), control: control as unknown as ControlRing};
  await keepGrantsMapped(peer, [queue]);
  t.deepEqual(asked, ['rx true', 'rx false']);
});
