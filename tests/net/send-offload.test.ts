import test from 'ava';
import type {Netfront} from '../../frontends/net/index.ts';
import {inetFrame, isComplete, layout} from './inet-frame.ts';
import {collect, createNetRig} from './net-rig.ts';

const MSS = 1400;
const PLAIN = 'gso4=0,gso6=0,csum4=0,csum6=0';
/** The longest payload that frames of either kind have room for. */
const MAX_PAYLOAD = 65_000;

/** Two guests, the second of which tunes its interface. */
const pairOf = async (tuning: string, backTuning = '') => {
  const net = await createNetRig();
  const from = await net.connectedGuest({back: {tuning: backTuning}});
  const to = await net.connectedGuest({front: {tuning}});
  return {net, from: from.nics[0], to: to.nics[0], vif: net.vif(from)};
};

const frameFor = (from: Netfront, to: Netfront, ipv6: boolean, payload: number, udp = false): Uint8Array =>
  inetFrame({to: to.mac, from: from.mac, ipv6, udp, payload});

for (const ipv6 of [false, true]) {
  const name = ipv6 ? 'IPv6' : 'IPv4';

  test(`a guest sends 64 KiB of TCP over ${name} in one frame, and another gets it in one`, async (t) => {
    const {net, from, to, vif} = await pairOf('');
    const heard = collect(to);
    const frame = frameFor(from, to, ipv6, MAX_PAYLOAD);
    t.false(from.send(frame), 'longer than the MTU');
    t.true(from.send(frame, {segmentBytes: MSS}));
    await net.settle();
    t.is(heard.length, 1);
    const {checksum, data} = layout({ipv6});
    t.deepEqual(heard[0].slice(data), frame.slice(data));
    t.deepEqual(heard[0].slice(0, checksum), frame.slice(0, checksum));
    t.false(isComplete(heard[0]), 'nobody has made the checksum');
    t.deepEqual(to.offloadOf(heard[0]), {segmentBytes: MSS});
    t.like(from.stats(), {txGso: 1, txErrors: 0});
    t.like(to.stats(), {rxGso: 1});
    t.is(vif.ethtool().rx_gso_checksum_fixup, 0);
  });

  test(`a guest that takes no TCP over ${name} uncut gets segments, all complete`, async (t) => {
    const {net, from, to} = await pairOf(PLAIN);
    const heard = collect(to);
    const frame = frameFor(from, to, ipv6, 10 * MSS + 1);
    from.send(frame, {segmentBytes: MSS});
    await net.settle();
    const {data} = layout({ipv6});
    t.is(heard.length, 11);
    t.true(heard.every((segment) => isComplete(segment)));
    t.deepEqual(Buffer.concat(heard.map((segment) => segment.slice(data))), Buffer.from(frame.slice(data)));
    t.is(to.offloadOf(heard[0]), undefined);
  });

  test(`a checksum of TCP or UDP over ${name} is left to the backend, whoever gets the frame`, async (t) => {
    for (const tuning of ['', PLAIN]) {
      const {net, from, to} = await pairOf(tuning);
      const heard = collect(to);
      for (const udp of [false, true]) t.true(from.send(frameFor(from, to, ipv6, 777, udp), {}));
      await net.settle();
      t.is(heard.length, 2);
      t.true(heard.every((frame) => isComplete(frame)));
    }
  });
}

test('what the backend does not offer is not sent', async (t) => {
  const {net, from, to} = await pairOf('', 'gso4=0,csum6=0');
  t.deepEqual(from.offloads, {checksumIpv4: true, checksumIpv6: false, segmentIpv4: false, segmentIpv6: false});
  const heard = collect(to);
  t.true(from.send(frameFor(from, to, false, 100), {}));
  for (const [ipv6, segmentBytes] of [
    [false, MSS],
    [true, undefined],
    [true, MSS],
  ] as const)
    t.false(from.send(frameFor(from, to, ipv6, 100), {segmentBytes}));
  t.false(from.send(new Uint8Array(60), {}), 'no transport');
  await net.settle();
  t.is(heard.length, 1);
});
