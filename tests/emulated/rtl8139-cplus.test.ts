import test from 'ava';
import * as fc from 'fast-check';
import {Rtl8139} from '../../backends/emulated/rtl8139/index.ts';
import {ipv4, transport} from '../network/station.ts';
import {BROADCAST, frameOf, NIC_MAC, NicRig, PEER_MAC} from './nic-rig.ts';

const OWN = 0x80000000;
const EOR = 0x40000000;
const FS = 0x20000000;
const LS = 0x10000000;
const ENTRIES = 8;

/** A NIC in C+ mode, reached by memory as Linux's 8139cp does. */
class Rig extends NicRig<Rtl8139> {
  readonly rx: number;
  readonly tx: number;
  readonly high: number;
  private readonly base: number;

  constructor(cpcr = 3) {
    super((rig, options) => new Rtl8139(rig.model, options));
    this.base = this.pci.bar(1);
    [this.rx, this.tx, this.high] = [0, 0, 0].map(() => this.allocate(ENTRIES * 16));
    for (let i = 0; i < ENTRIES; i++) this.give(i);
    this.write(0x37, 1, 0x10);
    this.write(0xe0, 2, cpcr);
    this.write(0x20, 4, this.tx);
    this.write(0x24, 4, 0);
    this.write(0x28, 4, this.high);
    this.write(0xe4, 4, this.rx);
    this.write(0x37, 1, 0x0c);
    this.write(0x44, 4, 0x0f);
  }

  read(register: number, size: 1 | 2 | 4): number {
    return this.io.readMemory(this.base + register, size);
  }

  write(register: number, size: 1 | 2 | 4, value: number): void {
    this.io.writeMemory(this.base + register, size, value);
  }

  /** Gives a receive descriptor with a buffer to the chip. */
  give(index: number, bytes = 1536): void {
    this.describe(this.rx, index, (OWN | bytes) >>> 0, 0, this.allocate(bytes));
  }

  describe(ring: number, index: number, command: number, tag: number, address: number): void {
    this.words.set([(command | (index === ENTRIES - 1 ? EOR : 0)) >>> 0, tag, address, 0], (ring + index * 16) / 4);
  }

  word(ring: number, index: number, word = 0): number {
    return this.words[(ring + index * 16) / 4 + word];
  }

  /** Describes a part of a frame. */
  part(index: number, bytes: Uint8Array, flags: number, tag = 0, ring = this.tx): void {
    const at = this.allocate(bytes.length);
    this.memory.set(bytes, at);
    this.describe(ring, index, (OWN | flags | bytes.length) >>> 0, tag, at);
  }
}

const be16 = (bytes: Uint8Array, at: number): number => bytes[at] * 256 + bytes[at + 1];

const packet = (data: number[], protocol: 6 | 17 = 6): Uint8Array => {
  const addresses = {source: '10.0.0.1', target: '10.0.0.2'};
  const payload = transport(protocol, addresses, [1000, 2000], data);
  return Uint8Array.from([...PEER_MAC, ...NIC_MAC, 8, 0, ...ipv4({...addresses, protocol, payload})]);
};

test('a received frame: its buffer, its status, the next descriptor', async (t) => {
  const rig = new Rig();
  const first = frameOf(NIC_MAC, PEER_MAC, 1000);
  await rig.deliver(first, frameOf(BROADCAST, PEER_MAC, 60));
  t.is(rig.word(rig.rx, 0), FS + LS + 0x02000000 + 1004);
  t.is(rig.word(rig.rx, 1), FS + LS + 0x01000000 + 64);
  const buffer = rig.word(rig.rx, 0, 2);
  t.deepEqual(rig.memory.slice(buffer, buffer + 1000), first);
  t.is(rig.read(0x3e, 2), 1);
});

test('the ring ends where EOR says; without a descriptor frames wait, and RDU is told', async (t) => {
  const rig = new Rig();
  const frames = Array.from({length: ENTRIES + 2}, (_, i) => frameOf(NIC_MAC, PEER_MAC, 100 + i, i));
  await rig.deliver(...frames);
  t.is(rig.word(rig.rx, 7) & 0x1fff, 111);
  t.is(rig.read(0x3e, 2), 0x11);
  rig.give(0);
  rig.give(1);
  // The driver says nothing of that but by its next access to ISR.
  rig.write(0x3e, 2, 0x11);
  t.is(rig.word(rig.rx, 0) & 0x1fff, 112);
  t.is(rig.word(rig.rx, 1) & 0x1fff, 113);
  t.is(rig.read(0x3e, 2), 1);
});

test('a frame that is too long for a buffer is lost', async (t) => {
  const rig = new Rig();
  rig.give(0, 256);
  await rig.deliver(frameOf(NIC_MAC, PEER_MAC, 300));
  t.is(rig.word(rig.rx, 0) >>> 31, 1);
  t.is(rig.read(0x3e, 2), 2);
});

test('checksums of what is received', async (t) => {
  const rig = new Rig(0x23);
  const good = packet([1, 2, 3, 4]);
  const badTcp = good.slice();
  badTcp[good.length - 1] ^= 1;
  const badIp = good.slice();
  badIp[22] ^= 1;
  const frames = [good, packet([1], 17), badTcp, badIp, frameOf(NIC_MAC, PEER_MAC, 60)];
  frames.forEach((frame) => frame.set([...NIC_MAC, ...PEER_MAC]));
  await rig.deliver(...frames);
  const bits = frames.map((_, i) => (rig.word(rig.rx, i) >>> 13) & 0x1f);
  // PID above, then IPF, UDPF, TCPF.
  t.deepEqual(bits, [0b01000, 0b10000, 0b01001, 0b01100, 0]);
});

test('a frame is sent from one descriptor or several', async (t) => {
  const rig = new Rig();
  const whole = frameOf(PEER_MAC, NIC_MAC, 100, 1);
  const parts = frameOf(PEER_MAC, NIC_MAC, 1200, 2);
  rig.part(0, whole, FS | LS);
  rig.part(1, parts.subarray(0, 14), FS);
  rig.part(2, parts.subarray(14, 700), 0);
  rig.part(3, parts.subarray(700), LS);
  rig.write(0xd9, 1, 0x40);
  await rig.settle();
  t.deepEqual(rig.heard, [whole, parts]);
  t.deepEqual(
    [0, 1, 2, 3].map((i) => rig.word(rig.tx, i) >>> 31),
    [0, 0, 0, 0],
  );
  t.is(rig.read(0x3e, 2), 4);
});

test('the high priority ring', async (t) => {
  const rig = new Rig();
  rig.part(0, frameOf(PEER_MAC, NIC_MAC, 100, 1), FS | LS);
  rig.part(0, frameOf(PEER_MAC, NIC_MAC, 200, 2), FS | LS, 0, rig.high);
  rig.write(0xd9, 1, 0xc0);
  await rig.settle();
  t.deepEqual(
    rig.heard.map(({length}) => length),
    [200, 100],
  );
});

test('IP, TCP and UDP checksums are made', async (t) => {
  const rig = new Rig();
  const expected = [packet([1, 2, 3, 4, 5]), packet([6, 7], 17)];
  expected.forEach((frame, i) => {
    const blank = frame.slice();
    blank.fill(0, 24, 26);
    blank.fill(i === 0 ? 0xee : 0xdd, i === 0 ? 50 : 40, i === 0 ? 52 : 42);
    rig.part(i, blank, FS | LS | (1 << 18) | (i === 0 ? 1 << 16 : 1 << 17));
  });
  rig.write(0xd9, 1, 0x40);
  await rig.settle();
  t.deepEqual(rig.heard, expected);
  t.deepEqual(
    [0, 1].map((i) => rig.word(rig.tx, i)),
    expected.map(({length}) => FS + LS + length),
    'no collisions',
  );
});

test('large send cuts TCP into segments', async (t) => {
  const rig = new Rig();
  const data = Array.from({length: 3500}, (_, i) => (i * 11) & 0xff);
  rig.part(0, packet(data), FS | LS | (1 << 27) | (1000 << 16));
  rig.write(0xd9, 1, 0x40);
  await rig.settle();
  t.deepEqual(
    rig.heard.map((frame) => [frame.length - 54, be16(frame, 40)]),
    [
      [1000, 1],
      [1000, 1001],
      [1000, 2001],
      [500, 3001],
    ],
  );
  t.deepEqual(
    rig.heard.flatMap((frame) => [...frame.subarray(54)]),
    data,
  );
});

test('VLAN tags are put in and taken out', async (t) => {
  const rig = new Rig(0x43);
  const plain = frameOf(PEER_MAC, NIC_MAC, 100);
  rig.part(0, plain, FS | LS, (1 << 17) | 0x2301);
  rig.write(0xd9, 1, 0x40);
  await rig.settle();
  t.deepEqual([...rig.heard[0].subarray(12, 18)], [0x81, 0x00, 0x01, 0x23, 0x88, 0xb5]);
  const back = rig.heard[0].slice();
  back.set([...NIC_MAC, ...PEER_MAC]);
  await rig.deliver(back);
  t.is(rig.word(rig.rx, 0) & 0x1fff, 104);
  t.is(rig.word(rig.rx, 0, 1), (1 << 16) | 0x2301);
});

test('the tally counters are dumped', async (t) => {
  const rig = new Rig();
  await rig.deliver(frameOf(NIC_MAC, PEER_MAC, 60), frameOf(BROADCAST, PEER_MAC, 60));
  rig.part(0, frameOf(PEER_MAC, NIC_MAC, 60), FS | LS);
  rig.write(0xd9, 1, 0x40);
  const at = rig.allocate(64);
  rig.write(0x14, 4, 0);
  rig.write(0x10, 4, at | 8);
  t.is(rig.read(0x10, 4), at);
  t.deepEqual(
    [0, 2, 10, 12].map((word) => rig.words[at / 4 + word]),
    [1, 2, 1, 1],
  );
});

test('a ring in no memory ends', (t) => {
  const rig = new Rig();
  rig.write(0x20, 4, 0xfff00000);
  rig.write(0x24, 4, 0xffffffff);
  rig.write(0xd9, 1, 0x40);
  t.pass();
});

test('hostile: whatever registers and rings hold, the host lives', async (t) => {
  const access = fc.record({
    register: fc.oneof(
      fc.constantFrom(0x10, 0x20, 0x37, 0x38, 0x3c, 0x3e, 0x44, 0x50, 0x54, 0xd9, 0xe0, 0xe4),
      fc.nat(255),
    ),
    size: fc.constantFrom(1 as const, 2 as const, 4 as const),
    value: fc.oneof(fc.nat(0xffff), fc.integer({min: 0, max: 0xffffffff})),
    isRead: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(access, {minLength: 20, maxLength: 60}), fc.nat(0xffff), async (accesses, seed) => {
      const rig = new Rig(seed & 0x7b);
      const rings = rig.memory.subarray(rig.rx, rig.rx + 3 * 4096);
      for (let i = 0; i < rings.length; i++) rings[i] = Math.imul(i + seed, 0x9e3779b1) >>> 24;
      for (const {register, size, value, isRead} of accesses) {
        if (isRead) rig.read(register, size);
        else rig.write(register, size, value);
        rig.peer.send([frameOf(NIC_MAC, PEER_MAC, 60 + (value % 1500))]);
      }
      await rig.settle();
      return rig.nic.toString().startsWith('rtl8139');
    }),
    {seed: 1, numRuns: 40},
  );
  t.pass();
});
