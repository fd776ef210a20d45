import test from 'ava';
import {Rtl8139} from '../../backends/emulated/rtl8139/index.ts';
import {Rtl8139Nic} from '../../frontends/emulated/rtl8139/index.ts';
import {createNetRig} from '../net/net-rig.ts';
import {BROADCAST, frameOf, NIC_MAC, NicDriverRig, PEER_MAC} from './nic-rig.ts';
import {emulatedNicGuest, ping, stackOn, transfer} from './nic-traffic.ts';

class Rig extends NicDriverRig<Rtl8139, Rtl8139Nic> {
  constructor() {
    super(
      (rig, options) => new Rtl8139(rig.model, options),
      (...device) => Rtl8139Nic.probe(...device),
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

test('a short frame is padded with zeroes', async (t) => {
  const rig = new Rig();
  rig.driver.send(frameOf(PEER_MAC, NIC_MAC, 1514));
  for (let i = 0; i < 3; i++) rig.driver.send(frameOf(PEER_MAC, NIC_MAC, 60));
  await rig.settle();
  rig.heard.length = 0;
  rig.driver.send(frameOf(PEER_MAC, NIC_MAC, 20));
  await rig.settle();
  t.is(rig.heard[0].length, 60);
  t.deepEqual(rig.heard[0].subarray(20), new Uint8Array(40));
});

test('many frames go round the ring', async (t) => {
  const rig = new Rig();
  const frames = Array.from({length: 400}, (_, i) => frameOf(NIC_MAC, PEER_MAC, 60 + ((i * 97) % 1455), i));
  for (let i = 0; i < frames.length; i += 50) await rig.deliver(...frames.slice(i, i + 50));
  t.deepEqual(rig.received, frames);
});

test('four slots, then there is no room until the interrupt', async (t) => {
  const rig = new Rig();
  const frame = frameOf(PEER_MAC, NIC_MAC, 100);
  let rooms = 0;
  rig.driver.room.subscribe(() => rooms++);
  t.deepEqual(
    [0, 1, 2, 3, 4].map(() => rig.driver.send(frame)),
    [true, true, true, true, false],
  );
  await rig.settle();
  t.true(rooms > 0);
  t.true(rig.driver.send(frame));
  t.is(rig.driver.stats().txDropped, 0);
});

test('what may not be sent is dropped', (t) => {
  const rig = new Rig();
  t.false(rig.driver.send(new Uint8Array(13)));
  t.false(rig.driver.send(new Uint8Array(1515)));
  t.is(rig.driver.stats().txDropped, 2);
});

test('the driver follows the link', async (t) => {
  const rig = new Rig();
  rig.nic.setLink(false);
  await rig.settle();
  t.false(rig.driver.carrier);
  t.false(rig.driver.send(frameOf(PEER_MAC, NIC_MAC, 60)));
  rig.nic.setLink(true);
  await rig.settle();
  t.true(rig.driver.carrier);
});

test('a ring that makes no sense is begun anew', async (t) => {
  const rig = new Rig();
  const ports = rig.pci.bar(0);
  const ring = rig.io.readPort(ports + 0x30, 4);
  const imr = rig.io.readPort(ports + 0x3c, 2);
  // The header is gone before the guest looks at it.
  rig.io.writePort(ports + 0x3c, 2, 0);
  await rig.deliver(frameOf(NIC_MAC, PEER_MAC, 60));
  rig.memory.fill(0, ring, ring + 4);
  rig.io.writePort(ports + 0x3c, 2, imr);
  await rig.settle();
  t.is(rig.driver.stats().rxErrors, 1);
  const frame = frameOf(NIC_MAC, PEER_MAC, 100);
  await rig.deliver(frame);
  t.deepEqual(rig.received, [frame]);
});

test('a driver that stops leaves nothing', async (t) => {
  const rig = new Rig();
  const free = rig.ops.pages.freePages;
  let gone = false;
  rig.driver.removed.subscribe({complete: () => (gone = true)});
  rig.driver.remove();
  t.true(gone);
  t.false(rig.driver.send(frameOf(PEER_MAC, NIC_MAC, 60)));
  t.true(rig.ops.pages.freePages > free);
  rig.log.length = 0;
  await rig.deliver(frameOf(BROADCAST, PEER_MAC, 60));
  t.deepEqual(rig.log, []);
});

test('ping and TCP between a guest with an RTL8139 and one with netfront', async (t) => {
  const net = await createNetRig();
  const nic = emulatedNicGuest(net, (model, options) => new Rtl8139(model, options).plug(4));
  const pv = await net.connectedGuest();
  const emulated = stackOn(net, nic, '10.0.0.1');
  const paravirtual = stackOn(net, pv.nics[0], '10.0.0.2');
  t.is(await ping(net, emulated, '10.0.0.2', 10), 10);
  const data = Uint8Array.from({length: 300_000}, (_, i) => (i * 7) ^ (i >>> 8));
  t.deepEqual(await transfer(net, emulated, paravirtual, '10.0.0.2', data), Buffer.from(data));
  t.deepEqual(await transfer(net, paravirtual, emulated, '10.0.0.1', data), Buffer.from(data));
});
