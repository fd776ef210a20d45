import test from 'ava';
import {Rtl8139} from '../../backends/emulated/rtl8139/index.ts';
import {Rtl8139Nic} from '../../frontends/emulated/rtl8139/index.ts';
import {frameOf, NIC_MAC, NicDriverRig, PEER_MAC} from './nic-rig.ts';

class Rig extends NicDriverRig<Rtl8139, Rtl8139Nic> {
  constructor() {
    super(
      (rig, options) => new Rtl8139(rig.model, options),
      (...device) => Rtl8139Nic.probe(...device),
    );
  }
}

const TSD = (slot: number): string => `out ${(0xc010 + slot * 4).toString(16)}`;
const TSD_READ = (slot: number): string => `in ${(0xc010 + slot * 4).toString(16)}`;
const ISR = 'in c03e';
const ACK = 'out c03e';
const COMMAND = 'in c037';
const CAPR = 'out c038';

// Published: TX 1 TSD; RX 1 CAPR and 1 CR a packet; ISR read and acknowledged: 3 to 4 a packet.
test('exits of a frame sent: TSD; ISR, ISR, TSD in the interrupt', async (t) => {
  const rig = new Rig();
  rig.driver.send(frameOf(PEER_MAC, NIC_MAC, 1514));
  await rig.settle();
  t.deepEqual(rig.log, [TSD(0), ISR, ACK, TSD_READ(0), 'eoi 5']);
});

test('exits of four frames sent at once: 2.5 each', async (t) => {
  const rig = new Rig();
  for (let i = 0; i < 4; i++) rig.driver.send(frameOf(PEER_MAC, NIC_MAC, 1514));
  await rig.settle();
  const slots = [0, 1, 2, 3];
  t.deepEqual(rig.log, [...slots.map(TSD), ISR, ACK, ...slots.map(TSD_READ), 'eoi 5']);
});

test('exits of frames received: CR, CAPR, ISR each, and three for an interrupt', async (t) => {
  const rig = new Rig();
  const each = [COMMAND, CAPR, ISR];
  await rig.deliver(frameOf(NIC_MAC, PEER_MAC, 1514));
  t.deepEqual(rig.log, [ISR, ...each, ACK, COMMAND, 'eoi 5']);
  rig.log.length = 0;
  await rig.deliver(...Array.from({length: 8}, () => frameOf(NIC_MAC, PEER_MAC, 1514)));
  t.deepEqual(rig.log, [ISR, ...each, ACK, ...Array.from({length: 7}, () => each).flat(), COMMAND, 'eoi 5']);
  const perPacket = (rig.log.length - 1) / 8;
  t.true(perPacket >= 3 * 0.75 && perPacket <= 4 * 1.25);
});
