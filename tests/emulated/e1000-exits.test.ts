import test from 'ava';
import {E1000} from '../../backends/emulated/e1000/index.ts';
import {E1000Nic, type E1000NicOptions} from '../../frontends/emulated/e1000/index.ts';
import {frameOf, NIC_MAC, NicDriverRig, PEER_MAC} from './nic-rig.ts';

class Rig extends NicDriverRig<E1000, E1000Nic> {
  constructor(options?: E1000NicOptions) {
    super(
      (rig, nic) => new E1000(rig.model, nic),
      (...device) => E1000Nic.probe(...device, options),
    );
  }
}

const ICR = 'read f00000c0';
const IMC = 'write f00000d8';
const FLUSH = 'read f0000008';
const IMS = 'write f00000d0';
const TDT = 'write f0003818';
const RDT = 'write f0002818';
const EOI = 'eoi 5';
const begin = [ICR, IMC, FLUSH];
const end = [IMS, EOI];

const outgoing = frameOf(PEER_MAC, NIC_MAC, 1514);
const incoming = frameOf(NIC_MAC, PEER_MAC, 1514);
const many = (count: number, frame: Uint8Array): Uint8Array[] => Array.from({length: count}, () => frame);

// Published: TX 1 TDT a packet, 4 to 5 accesses an interrupt; RX 1 RDT for 16 buffers.
test('a frame sent: TDT; ICR, IMC, a read, IMS, EOI in the interrupt', async (t) => {
  const rig = new Rig();
  rig.driver.send(outgoing);
  await rig.settle();
  t.deepEqual(rig.log, [TDT, ...begin, ...end]);
});

test('ten frames sent at once: 1.5 exits each', async (t) => {
  const rig = new Rig();
  for (const frame of many(10, outgoing)) rig.driver.send(frame);
  await rig.settle();
  t.deepEqual(rig.log, [...Array.from({length: 10}, () => TDT), ...begin, ...end]);
});

test('the same with combined sends: the first, and all others in the interrupt', async (t) => {
  const rig = new Rig({combinesSends: true});
  for (const frame of many(10, outgoing)) rig.driver.send(frame);
  await rig.settle();
  t.deepEqual(rig.log, [TDT, ...begin, TDT, ...end, ...begin, ...end]);
  t.is(rig.heard.length, 10);
});

test('frames received: an interrupt for a burst, RDT for 16 buffers', async (t) => {
  const rig = new Rig();
  await rig.deliver(incoming);
  t.deepEqual(rig.log, [...begin, ...end]);
  rig.log.length = 0;
  await rig.deliver(...many(47, incoming));
  t.deepEqual(rig.log, [...begin, RDT, RDT, RDT, ...end]);
});

test('throttled, interrupts come no faster than ITR says', async (t) => {
  const rig = new Rig({throttle: 1000});
  for (let i = 0; i < 20; i++) {
    rig.peer.send([incoming]);
    await rig.schedule.sleep(50_000);
  }
  await rig.settle();
  t.is(rig.received.length, 20);
  t.true(rig.log.filter((access) => access === ICR).length <= 5);
});
