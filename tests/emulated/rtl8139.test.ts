import test from 'ava';
import {crc32} from 'node:zlib';
import {Rtl8139} from '../../backends/emulated/rtl8139/index.ts';
import {BROADCAST, frameOf, NIC_MAC, NicRig, PEER_MAC} from './nic-rig.ts';

const CR = 0x37;
const CAPR = 0x38;
const CBR = 0x3a;
const IMR = 0x3c;
const ISR = 0x3e;
const RCR = 0x44;
const RING = 8192;
/** APM, AM and AB. */
const ACCEPT = 0x0e;
const ROK = 1;
const TOK = 4;
const RXOVW = 0x10;

class Rig extends NicRig<Rtl8139> {
  private readonly ports: number;

  constructor() {
    super((rig, options) => new Rtl8139(rig.model, options));
    this.ports = this.pci.bar(0);
  }

  in(register: number, size: 1 | 2 | 4): number {
    return this.io.readPort(this.ports + register, size);
  }

  out(register: number, size: 1 | 2 | 4, value: number): void {
    this.io.writePort(this.ports + register, size, value);
  }

  /** C mode with an 8 KiB ring; returns where that is. */
  start(rcr = ACCEPT): number {
    const ring = this.allocate(RING + 2048);
    this.out(0x30, 4, ring);
    this.out(CR, 1, 0x0c);
    this.out(RCR, 4, rcr);
    return ring;
  }

  /** Sends by one of the four slots. */
  send(slot: number, frame: Uint8Array): void {
    const at = this.allocate(frame.length);
    this.memory.set(frame, at);
    this.out(0x20 + slot * 4, 4, at);
    this.out(0x10 + slot * 4, 4, frame.length);
  }
}

test('identity, and what the registers are after reset', (t) => {
  const rig = new Rig();
  t.is(String(rig.pci), '00:04.0 10ec:8139');
  t.is(rig.pci.readConfig(0x08, 4), 0x02000020);
  t.is(rig.in(0, 4), 0x003e1600);
  t.is(rig.in(4, 4), 0x0100);
  t.is(rig.in(CR, 1), 0x01);
  t.is(rig.in(CAPR, 2), 0xfff0);
  t.is(rig.in(0x40, 4), 0x74800000);
  t.is(rig.in(0x10, 4), 0x2000);
  t.is(rig.in(0x58, 1) & 4, 0);
  t.is(rig.in(0x64, 2), 0x782d);
  // The same by memory.
  t.is(rig.io.readMemory(rig.pci.bar(1) + 0x40, 4), 0x74800000);
});

test('configuration registers are written only while 9346CR unlocks them', (t) => {
  const rig = new Rig();
  rig.out(0x52, 1, 0x20);
  t.is(rig.in(0x52, 1), 0x0c);
  rig.out(0x50, 1, 0xc0);
  rig.out(0x52, 1, 0x20);
  t.is(rig.in(0x52, 1), 0x2c);
});

test('the EEPROM is read by its wires', (t) => {
  const rig = new Rig();
  const clock = (bit: number): number => {
    rig.out(0x50, 1, 0x88 | (bit << 1));
    rig.out(0x50, 1, 0x8c | (bit << 1));
    return rig.in(0x50, 1) & 1;
  };
  const read = (address: number, addressBits = 6): number => {
    rig.out(0x50, 1, 0x80);
    const command = (6 << addressBits) | address;
    for (let bit = addressBits + 2; bit >= 0; bit--) clock((command >> bit) & 1);
    let word = 0;
    for (let bit = 0; bit < 16; bit++) word = (word << 1) | clock(0);
    rig.out(0x50, 1, 0);
    return word;
  };
  t.is(read(0), 0x8129);
  t.deepEqual([read(7), read(8), read(9)], [0x1600, 0x003e, 0x0100]);
  // How Linux finds out that it has six address bits.
  t.not(read(0, 8), 0x8129);
});

test('a software reset keeps the addresses', (t) => {
  const rig = new Rig();
  rig.start();
  rig.out(0, 4, 0x12345678);
  rig.out(IMR, 2, 0xffff);
  rig.out(CR, 1, 0x10);
  t.is(rig.in(CR, 1), 0x01);
  t.is(rig.in(IMR, 2), 0);
  t.is(rig.in(0, 4), 0x12345678);
  // Autoload takes it from the EEPROM again.
  rig.out(0x50, 1, 0x40);
  t.is(rig.in(0, 4), 0x003e1600);
});

test('transmit slots take turns', async (t) => {
  const rig = new Rig();
  rig.start();
  const frames = [0, 1, 2, 3, 4].map((seed) => frameOf(PEER_MAC, NIC_MAC, 100 + seed, seed));
  frames.forEach((frame, i) => rig.send(i % 4, frame));
  await rig.settle();
  t.deepEqual(rig.heard, frames);
  t.is(rig.in(0x10, 4), 0xa000 | 104);
  t.is(rig.in(0x60, 2), 0xf00f);
  t.is(rig.in(ISR, 2), TOK);
  rig.out(ISR, 2, TOK);
  t.is(rig.in(ISR, 2), 0);
});

test('a slot that is not next waits for its turn', async (t) => {
  const rig = new Rig();
  rig.start();
  rig.send(1, frameOf(PEER_MAC, NIC_MAC, 101));
  t.is(rig.in(0x14, 4), 101);
  rig.send(0, frameOf(PEER_MAC, NIC_MAC, 100));
  await rig.settle();
  t.deepEqual(
    rig.heard.map(({length}) => length),
    [100, 101],
  );
});

test('a frame too long for the FIFO is given up', async (t) => {
  const rig = new Rig();
  rig.start();
  rig.send(0, frameOf(PEER_MAC, NIC_MAC, 1793));
  await rig.settle();
  t.is(rig.in(0x10, 4) >>> 30, 1);
  t.is(rig.in(ISR, 2), 8);
  t.deepEqual(rig.heard, []);
});

test('the receive ring: header, frame, FCS, the next at a multiple of 4', async (t) => {
  const rig = new Rig();
  const ring = rig.start();
  const first = frameOf(NIC_MAC, PEER_MAC, 101);
  await rig.deliver(first, frameOf(BROADCAST, PEER_MAC, 200));
  t.is(rig.words[ring / 4], ((101 + 4) << 16) | 0x4001);
  t.deepEqual(rig.memory.slice(ring + 4, ring + 105), first);
  const fcs = new DataView(rig.memory.buffer, ring + 105, 4).getUint32(0, true);
  t.is(fcs, crc32(first));
  const second = ring + 112;
  t.is(rig.words[second / 4], ((200 + 4) << 16) | 0x2001);
  t.is(rig.in(CBR, 2), 112 + 208);
  t.is(rig.in(CR, 1) & 1, 0);
  rig.out(CAPR, 2, 112 + 208 - 16);
  t.is(rig.in(CR, 1) & 1, 1);
});

test('the gap before the next frame stays as it is', async (t) => {
  const rig = new Rig();
  const ring = rig.start();
  rig.memory.fill(0xee, ring, ring + 512);
  await rig.deliver(frameOf(NIC_MAC, PEER_MAC, 203), frameOf(NIC_MAC, PEER_MAC, 61));
  const end = ring + rig.in(CBR, 2);
  t.deepEqual(rig.memory.slice(end - 3, end), new Uint8Array([0xee, 0xee, 0xee]));
});

test('a short frame is padded', async (t) => {
  const rig = new Rig();
  const ring = rig.start();
  await rig.deliver(frameOf(NIC_MAC, PEER_MAC, 20));
  t.is(rig.words[ring / 4] >>> 16, 64);
  t.is(rig.memory[ring + 4 + 20], 0);
});

for (const [wrap, setting] of [
  ['around the end', ACCEPT],
  ['over it with WRAP', ACCEPT | 0x80],
] as const) {
  test(`a frame at the end of the ring goes ${wrap}`, async (t) => {
    const rig = new Rig();
    const ring = rig.start(setting);
    const frame = (seed: number): Uint8Array => frameOf(NIC_MAC, PEER_MAC, 1500, seed);
    for (let i = 0; i < 5; i++) {
      await rig.deliver(frame(i));
      rig.out(CAPR, 2, rig.in(CBR, 2) - 16);
    }
    await rig.deliver(frame(9));
    const at = 5 * 1508;
    const left = RING - at - 4;
    const isOver = setting !== ACCEPT;
    const tail = isOver ? ring + RING : ring;
    t.deepEqual(rig.memory.slice(ring + at + 4, ring + RING), frame(9).subarray(0, left));
    t.deepEqual(rig.memory.slice(tail, tail + 1500 - left), frame(9).subarray(left));
    t.is(rig.in(CBR, 2), 6 * 1508 - RING);
  });
}

test('frames wait for room, and are missed when too many do', async (t) => {
  const rig = new Rig();
  rig.start();
  await rig.deliver(...Array.from({length: 5}, (_, i) => frameOf(NIC_MAC, PEER_MAC, 1500, i)));
  t.is(rig.in(CBR, 2), 5 * 1508);
  await rig.deliver(frameOf(NIC_MAC, PEER_MAC, 1500, 5));
  t.is(rig.in(CBR, 2), 5 * 1508, 'it waits');
  t.is(rig.in(ISR, 2), ROK);
  await rig.deliver(...Array.from({length: 300}, () => frameOf(NIC_MAC, PEER_MAC, 60)));
  t.is(rig.in(0x4c, 4), 45);
  t.is(rig.in(ISR, 2), ROK | RXOVW);
  rig.out(CAPR, 2, 1508 - 16);
  t.is(rig.in(CBR, 2), 6 * 1508 + 9 * 68 - RING, 'the one that waited longest, and what else has room');
  rig.out(0x4c, 4, 0);
  t.is(rig.in(0x4c, 4), 0);
});

test('RCR and MAR say what is received', async (t) => {
  const other = Uint8Array.of(0x00, 0x16, 0x3e, 9, 9, 9);
  const group = Uint8Array.of(0x01, 0x00, 0x5e, 0, 0, 1);
  const count = async (rcr: number, mar: readonly [number, number], to: Uint8Array): Promise<number> => {
    const rig = new Rig();
    rig.start(rcr);
    rig.out(0x08, 4, mar[0]);
    rig.out(0x0c, 4, mar[1]);
    await rig.deliver(frameOf(to, PEER_MAC, 60));
    return rig.in(CBR, 2) / 68;
  };
  t.is(await count(0x02, [0, 0], NIC_MAC), 1);
  t.is(await count(0x00, [0, 0], NIC_MAC), 0);
  t.is(await count(0x02, [0, 0], other), 0);
  t.is(await count(0x01, [0, 0], other), 1);
  t.is(await count(0x06, [0, 0], BROADCAST), 0);
  t.is(await count(0x08, [0, 0], BROADCAST), 1);
  t.is(await count(0x04, [0, 0], group), 0);
  // ether_crc(01:00:5e:00:00:01) >> 26 is 0x1f.
  t.is(await count(0x04, [0x80000000, 0], group), 1);
  t.is(await count(0x04, [0x7fffffff, 0xffffffff], group), 0);
});

test('interrupts: what IMR lets through, for as long as ISR has it', async (t) => {
  const rig = new Rig();
  rig.start();
  let interrupts = 0;
  const irq = rig.pci.irq;
  rig.io.setInterruptHandler(irq, () => {
    interrupts++;
    rig.out(ISR, 2, ROK);
    rig.io.endOfInterrupt(irq);
  });
  await rig.deliver(frameOf(NIC_MAC, PEER_MAC, 60));
  t.is(interrupts, 0);
  rig.out(IMR, 2, ROK);
  await rig.settle();
  t.is(interrupts, 1);
  t.is(rig.in(ISR, 2), 0);
});

test('TimerInt comes when TCTR has counted so many ticks of the PCI clock', async (t) => {
  const rig = new Rig();
  rig.out(0x48, 4, 0);
  rig.out(0x54, 4, 33000);
  await rig.schedule.sleep(999_000);
  t.is(rig.in(ISR, 2), 0);
  t.is(rig.in(0x48, 4), 32967);
  await rig.schedule.sleep(2000);
  t.is(rig.in(ISR, 2), 0x4000);
});

test('loopback gives what is sent to the receiver', async (t) => {
  const rig = new Rig();
  const ring = rig.start();
  rig.out(0x40, 4, 0x60000);
  const frame = frameOf(NIC_MAC, PEER_MAC, 100);
  rig.send(0, frame);
  await rig.settle();
  t.deepEqual(rig.memory.slice(ring + 4, ring + 104), frame);
  t.deepEqual(rig.heard, []);
});

test('a cable that is pulled: MSR, BMSR, an interrupt, and nothing passes', async (t) => {
  const rig = new Rig();
  rig.start();
  rig.nic.setLink(false);
  t.is(rig.in(0x58, 1) & 4, 4);
  t.is(rig.in(0x64, 2) & 4, 0);
  t.is(rig.in(ISR, 2), 0x20);
  t.is(rig.in(0x74, 2) & 0x800, 0x800);
  t.is(rig.in(0x74, 2) & 0x800, 0);
  await rig.deliver(frameOf(NIC_MAC, PEER_MAC, 60));
  rig.send(0, frameOf(PEER_MAC, NIC_MAC, 60));
  await rig.settle();
  t.is(rig.in(CBR, 2), 0);
  t.deepEqual(rig.heard, []);
});

test('unplugged, it is gone from the bus and from the bridge', async (t) => {
  const rig = new Rig();
  rig.start();
  rig.nic.unplug();
  t.is(rig.in(CR, 1), 0xff);
  t.is(rig.pci.vendorId, 0xffff);
  t.is(rig.bridge.links.length, 1);
  await rig.deliver(frameOf(BROADCAST, PEER_MAC, 60));
});

test('without bus mastering nothing moves', async (t) => {
  const rig = new Rig();
  rig.start();
  rig.pci.writeConfig(0x04, 2, 3);
  rig.send(0, frameOf(PEER_MAC, NIC_MAC, 60));
  await rig.deliver(frameOf(NIC_MAC, PEER_MAC, 60));
  t.deepEqual(rig.heard, []);
  t.is(rig.in(CBR, 2), 0);
});
