import test from 'ava';
import {DATA, DEXT, E1000Rig, EOP, IDE, packet, reg, RS, TSE, VLE} from './e1000-rig.ts';
import {frameOf, NIC_MAC, PEER_MAC} from './nic-rig.ts';

const TXDW = 1;
const TXQE = 2;
const IP_CONTEXT = 14 | (24 << 8) | (33 << 16);
const TCP_CONTEXT = 34 | (50 << 8);

const be16 = (bytes: Uint8Array, at: number): number => bytes[at] * 256 + bytes[at + 1];

test('legacy descriptors: a frame from one or from several, DD where RS asks for it', async (t) => {
  const rig = new E1000Rig();
  rig.start();
  const whole = frameOf(PEER_MAC, NIC_MAC, 100, 1);
  const parts = frameOf(PEER_MAC, NIC_MAC, 1200, 2);
  rig.putBytes(whole, EOP | RS);
  rig.putBytes(parts.subarray(0, 14), 0);
  rig.putBytes(parts.subarray(14, 700), 0);
  rig.putBytes(parts.subarray(700), EOP | RS);
  rig.kick();
  await rig.settle();
  t.deepEqual(rig.heard, [whole, parts]);
  t.deepEqual(
    [0, 1, 2, 3].map((i) => rig.sentStatus(i)),
    [1, 0, 0, 1],
  );
  t.is(rig.read(reg.TDH), 4);
  t.is(rig.read(reg.ICR), TXDW | TXQE);
});

test('the ring goes round', async (t) => {
  const rig = new E1000Rig();
  rig.start();
  for (let i = 0; i < 40; i++) {
    rig.putBytes(frameOf(PEER_MAC, NIC_MAC, 60 + i, i), EOP);
    rig.kick();
  }
  await rig.settle();
  t.deepEqual(
    rig.heard.map(({length}) => length),
    Array.from({length: 40}, (_, i) => 60 + i),
  );
});

test('a legacy descriptor that asks for a checksum up to the end of the frame', async (t) => {
  const rig = new E1000Rig();
  rig.start();
  const expected = packet([1, 2, 3, 4, 5]).slice(0, 34);
  const frame = expected.slice();
  frame.fill(0, 24, 26);
  rig.putBytes(frame, EOP | (1 << 26) | (24 << 16), 14 << 8);
  rig.kick();
  await rig.settle();
  t.deepEqual(rig.heard, [expected]);
});

test('a context descriptor and data descriptors: checksums of IP and TCP', async (t) => {
  const rig = new E1000Rig();
  rig.start();
  const expected = packet([1, 2, 3, 4, 5]);
  const frame = expected.slice();
  frame.fill(0, 24, 26);
  // The pseudo header's sum, as drivers put it there.
  const pseudo = 0x0a00 + 0x0001 + 0x0a00 + 0x0002 + 6 + 25;
  frame.set([pseudo >>> 8, pseudo & 0xff], 50);
  rig.put([IP_CONTEXT, TCP_CONTEXT, DEXT | (3 << 24), 0]);
  rig.putBytes(frame.subarray(0, 54), DATA, 3 << 8);
  rig.putBytes(frame.subarray(54), DATA | EOP | RS);
  rig.kick();
  await rig.settle();
  t.deepEqual(rig.heard, [expected]);
});

test('TCP segmentation', async (t) => {
  const rig = new E1000Rig();
  rig.start();
  const data = Array.from({length: 3500}, (_, i) => (i * 11) & 0xff);
  const frame = packet(data);
  frame[47] = 0x19;
  frame.fill(0, 24, 26);
  const pseudo = 0x0a00 + 0x0001 + 0x0a00 + 0x0002 + 6;
  frame.set([pseudo >>> 8, pseudo & 0xff], 50);
  rig.put([IP_CONTEXT, TCP_CONTEXT, DEXT | TSE | (3 << 24) | 3500, (54 << 8) | (1000 << 16)]);
  rig.putBytes(frame.subarray(0, 54), DATA | TSE, 3 << 8);
  rig.putBytes(frame.subarray(54, 2000), DATA | TSE);
  rig.putBytes(frame.subarray(2000), DATA | TSE | EOP | RS);
  rig.kick();
  await rig.settle();
  t.deepEqual(
    rig.heard.map((segment) => [segment.length - 54, be16(segment, 40), be16(segment, 18), segment[47]]),
    [
      [1000, 1, 7, 0x10],
      [1000, 1001, 8, 0x10],
      [1000, 2001, 9, 0x10],
      [500, 3001, 10, 0x19],
    ],
  );
  t.deepEqual(
    rig.heard.flatMap((segment) => [...segment.subarray(54)]),
    data,
  );
  for (const segment of rig.heard) {
    t.is(be16(segment, 16), segment.length - 14);
    t.is(sum(segment.subarray(14, 34)), 0xffff, 'IP');
    const pseudoHeader = [...segment.subarray(26, 34), 0, 6, 0, segment.length - 34].map((byte) => byte & 0xff);
    pseudoHeader.splice(10, 2, (segment.length - 34) >> 8, (segment.length - 34) & 0xff);
    t.is(sum(Uint8Array.from([...pseudoHeader, ...segment.subarray(34)])), 0xffff, 'TCP');
  }
  t.is(rig.nic.stats().TSCTC, 1);
});

/** RFC 1071 */
const sum = (bytes: Uint8Array): number => {
  let total = 0;
  for (let i = 0; i < bytes.length; i += 2) total += bytes[i] * 256 + (bytes[i + 1] ?? 0);
  while (total > 0xffff) total = (total & 0xffff) + (total >>> 16);
  return total;
};

test('much work is done in turns', async (t) => {
  const rig = new E1000Rig();
  rig.start();
  const frame = packet(Array.from({length: 48 * 300}, () => 1));
  rig.put([IP_CONTEXT, TCP_CONTEXT, DEXT | TSE | (3 << 24), (54 << 8) | (48 << 16)]);
  for (let i = 0; i < 4; i++) rig.putBytes(frame, DATA | TSE | EOP | RS, 3 << 8);
  rig.kick();
  t.is(rig.read(reg.TDH), 3);
  await rig.settle();
  t.is(rig.read(reg.TDH), 5);
  t.is(rig.nic.stats().TPT, 1200);
});

test('the first data descriptor says which checksums segments get', async (t) => {
  const rig = new E1000Rig();
  rig.start();
  const frame = packet(Array.from({length: 2000}, () => 1));
  rig.put([IP_CONTEXT, TCP_CONTEXT, DEXT | TSE | (3 << 24) | 2000, (54 << 8) | (1000 << 16)]);
  rig.putBytes(frame.subarray(0, 54), DATA | TSE);
  rig.putBytes(frame.subarray(54), DATA | TSE | EOP | RS, 3 << 8);
  rig.kick();
  await rig.settle();
  t.deepEqual(
    rig.heard.map((segment) => be16(segment, 50)),
    [be16(frame, 50), be16(frame, 50)],
  );
});

test('segments of nothing are refused', async (t) => {
  const rig = new E1000Rig();
  rig.start();
  rig.put([IP_CONTEXT, TCP_CONTEXT, DEXT | TSE | (3 << 24), (54 << 8) | (1 << 16)]);
  rig.putBytes(packet([1, 2, 3]), DATA | TSE | EOP | RS, 3 << 8);
  rig.kick();
  await rig.settle();
  t.deepEqual(rig.heard, []);
  t.is(rig.sentStatus(1), 1);
  t.is(rig.nic.stats().TSCTFC, 1);
});

test('a VLAN tag is put in', async (t) => {
  const rig = new E1000Rig();
  rig.start();
  rig.write(reg.CTRL, 0x40000040);
  rig.putBytes(frameOf(PEER_MAC, NIC_MAC, 100), EOP | VLE, 0x01230000);
  rig.kick();
  await rig.settle();
  t.deepEqual([...rig.heard[0].subarray(12, 18)], [0x81, 0x00, 0x01, 0x23, 0x88, 0xb5]);
});

test('TIDV waits for more frames, TADV says for how long', async (t) => {
  const rig = new E1000Rig();
  rig.start();
  rig.write(reg.TIDV, 100);
  rig.write(reg.TADV, 250);
  const send = (): void => {
    rig.putBytes(frameOf(PEER_MAC, NIC_MAC, 60), EOP | RS | IDE);
    rig.kick();
  };
  const wait = async (ns: number): Promise<number> => {
    await rig.schedule.sleep(ns);
    return rig.read(reg.ICR) & TXDW;
  };
  send();
  t.is(await wait(100_000), 0);
  send();
  t.is(await wait(100_000), 0);
  send();
  t.is(await wait(60_000), TXDW);
  send();
  t.is(await wait(110_000), TXDW);
});

test('loopback by the transceiver', async (t) => {
  const rig = new E1000Rig();
  rig.start();
  rig.write(reg.MDIC, (1 << 26) | (1 << 21) | 0x4140);
  rig.putBytes(frameOf(NIC_MAC, NIC_MAC, 100), EOP);
  rig.kick();
  await rig.settle();
  t.is(rig.read(reg.RDH), 1);
  t.deepEqual(rig.heard, []);
});

test('a tail outside the ring, a ring without memory, no bus mastering: nothing moves', async (t) => {
  const rig = new E1000Rig();
  rig.start();
  rig.putBytes(frameOf(PEER_MAC, NIC_MAC, 100), EOP);
  rig.write(reg.TDT, 99);
  t.is(rig.read(reg.TDH), 0);
  rig.pci.writeConfig(0x04, 2, 3);
  rig.write(reg.TDT, 1);
  t.is(rig.read(reg.TDH), 0);
  rig.pci.writeConfig(0x04, 2, 7);
  rig.write(reg.TDBAL, 0xfff00000);
  rig.write(reg.TDT, 15);
  await rig.settle();
  t.is(rig.read(reg.TDH), 15);
  t.deepEqual(rig.heard, []);
});
