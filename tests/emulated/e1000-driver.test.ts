import test from 'ava';
import {E1000} from '../../backends/emulated/e1000/index.ts';
import {Rtl8139} from '../../backends/emulated/rtl8139/index.ts';
import {E1000Nic} from '../../frontends/emulated/e1000/index.ts';
import {createNetRig} from '../net/net-rig.ts';
import {BROADCAST, frameOf, NIC_MAC, NicDriverRig, PEER_MAC} from './nic-rig.ts';
import {emulatedNicGuest, ping, stackOn, transfer} from './nic-traffic.ts';

class Rig extends NicDriverRig<E1000, E1000Nic> {
  constructor() {
    super(
      (rig, options) => new E1000(rig.model, options),
      (...device) => E1000Nic.probe(...device),
    );
  }
}

test('frames go both ways as they are', async (t) => {
  const rig = new Rig();
  t.deepEqual(rig.driver.mac, NIC_MAC);
  t.true(rig.driver.carrier);
  for (const length of [60, 61, 333, 1513, 1514]) {
    const out = frameOf(PEER_MAC, NIC_MAC, length, length);
    const back = frameOf(NIC_MAC, PEER_MAC, length, length + 1);
    t.true(rig.driver.send(out));
    await rig.deliver(back);
    t.deepEqual(rig.heard.pop(), out);
    t.deepEqual(rig.received.pop(), back);
  }
  t.like(rig.driver.stats(), {txPackets: 5, rxPackets: 5, txDropped: 0, rxErrors: 0});
});

test('a short frame is padded with zeroes by the controller', async (t) => {
  const rig = new Rig();
  rig.driver.send(frameOf(PEER_MAC, NIC_MAC, 1514));
  await rig.settle();
  rig.heard.length = 0;
  rig.driver.send(frameOf(PEER_MAC, NIC_MAC, 20));
  await rig.settle();
  t.deepEqual(rig.heard[0].subarray(20), new Uint8Array(40));
});

test('both rings go round', async (t) => {
  const rig = new Rig();
  const frames = (to: Uint8Array, from: Uint8Array): Uint8Array[] =>
    Array.from({length: 700}, (_, i) => frameOf(to, from, 60 + ((i * 97) % 1455), i));
  const incoming = frames(NIC_MAC, PEER_MAC);
  const outgoing = frames(PEER_MAC, NIC_MAC);
  for (let i = 0; i < incoming.length; i += 70) {
    for (const frame of outgoing.slice(i, i + 70)) t.true(rig.driver.send(frame));
    await rig.deliver(...incoming.slice(i, i + 70));
  }
  t.deepEqual(rig.received, incoming);
  t.deepEqual(rig.heard, outgoing);
});

test('the driver follows the link', async (t) => {
  const rig = new Rig();
  rig.nic.setLink(false);
  await rig.settle();
  t.false(rig.driver.carrier);
  t.false(rig.driver.send(frameOf(PEER_MAC, NIC_MAC, 60)));
  rig.nic.setLink(true);
  await rig.schedule.sleep(20e6);
  t.true(rig.driver.carrier);
});

test('a driver that stops leaves nothing', async (t) => {
  const rig = new Rig();
  const free = rig.ops.pages.freePages;
  rig.driver.remove();
  t.false(rig.driver.send(frameOf(PEER_MAC, NIC_MAC, 60)));
  t.is(rig.ops.pages.freePages - free, 2 * 129);
  rig.log.length = 0;
  await rig.deliver(frameOf(BROADCAST, PEER_MAC, 60));
  t.deepEqual(rig.log, []);
});

test('ping and TCP between guests with an e1000, an RTL8139 and netfront', async (t) => {
  const net = await createNetRig();
  const intel = emulatedNicGuest(net, (model, options) => new E1000(model, options).plug(4));
  const realtek = emulatedNicGuest(net, (model, options) => new Rtl8139(model, options).plug(4));
  const pv = await net.connectedGuest();
  const a = stackOn(net, intel, '10.0.0.1');
  const b = stackOn(net, realtek, '10.0.0.2');
  const c = stackOn(net, pv.nics[0], '10.0.0.3');
  const data = Uint8Array.from({length: 300_000}, (_, i) => (i * 7) ^ (i >>> 8));
  const expected = Buffer.from(data);
  for (const [stack, address] of [
    [b, '10.0.0.2'],
    [c, '10.0.0.3'],
  ] as const) {
    t.is(await ping(net, a, address, 10), 10);
    t.deepEqual(await transfer(net, a, stack, address, data), expected);
    t.deepEqual(await transfer(net, stack, a, '10.0.0.1', data), expected);
  }
});
