import test from 'ava';
import * as fc from 'fast-check';
import {E1000Rig, RECEIVE, reg} from './e1000-rig.ts';
import {BROADCAST, frameOf, NIC_MAC, PEER_MAC} from './nic-rig.ts';

const LSC = 4;
const RXT0 = 0x80;
const MS = 1e6;

test('identity, and what the registers are after reset', (t) => {
  const rig = new E1000Rig();
  t.is(String(rig.pci), '00:04.0 8086:100e');
  t.is(rig.pci.readConfig(0x08, 4), 0x02000003);
  t.is(rig.read(reg.STATUS), 0x0783);
  t.is(rig.read(reg.CTRL), 0x00140240);
  t.is(rig.read(reg.RA), 0x003e1600);
  t.is(rig.read(reg.RA + 4), 0x80000100);
  t.is(rig.read(reg.VET), 0x8100);
});

test('all words of the EEPROM add up to BABA, by EERD', (t) => {
  const rig = new E1000Rig();
  const words = Array.from({length: 64}, (_, address) => {
    rig.write(reg.EERD, (address << 8) | 1);
    const value = rig.read(reg.EERD);
    t.is(value & 0x11, 0x10);
    return value >>> 16;
  });
  t.deepEqual(words.slice(0, 3), [0x1600, 0x003e, 0x0100]);
  t.is(words.reduce((sum, word) => sum + word, 0) & 0xffff, 0xbaba);
});

test('the EEPROM by its wires, once it is granted', (t) => {
  const rig = new E1000Rig();
  t.is(rig.read(reg.EECD) & 0x80, 0);
  rig.write(reg.EECD, 0x40);
  t.is(rig.read(reg.EECD) & 0x80, 0x80);
  const clock = (bit: number): number => {
    rig.write(reg.EECD, 0x42 | (bit << 2));
    rig.write(reg.EECD, 0x43 | (bit << 2));
    return (rig.read(reg.EECD) >> 3) & 1;
  };
  const transfer = (value: number, bits: number): number => {
    let out = 0;
    for (let bit = bits - 1; bit >= 0; bit--) out = (out << 1) | clock((value >> bit) & 1);
    return out;
  };
  transfer((6 << 6) | 1, 9);
  t.is(transfer(0, 16), 0x003e);
  // Written, once that is enabled.
  const select = (): void => {
    rig.write(reg.EECD, 0x40);
    rig.write(reg.EECD, 0x42);
  };
  const readWord = (address: number): number => {
    select();
    transfer((6 << 6) | address, 9);
    return transfer(0, 16);
  };
  select();
  transfer((5 << 6) | 0x20, 9);
  transfer(0x1234, 16);
  t.is(readWord(0x20), 0);
  select();
  transfer(0x130, 9);
  select();
  transfer((5 << 6) | 0x20, 9);
  transfer(0x1234, 16);
  t.is(readWord(0x20), 0x1234);
});

test('the PHY answers at address 1', (t) => {
  const rig = new E1000Rig();
  const readPhy = (register: number, address = 1): number => {
    rig.write(reg.MDIC, (2 << 26) | (address << 21) | (register << 16));
    return rig.read(reg.MDIC);
  };
  t.is(readPhy(2) & 0x1000ffff, 0x10000141);
  t.is(readPhy(3) & 0xffff, 0x0c20);
  t.is(readPhy(1) & 0xffff, 0x796d);
  t.is(readPhy(0, 2) >>> 28, 5);
});

test('negotiation: the link is away for a while, and LSC tells both', async (t) => {
  const rig = new E1000Rig();
  rig.write(reg.MDIC, (1 << 26) | (1 << 21) | 0x1340);
  t.is(rig.read(reg.STATUS) & 2, 0);
  t.is(rig.read(reg.ICR), LSC);
  await rig.schedule.sleep(20 * MS);
  t.is(rig.read(reg.STATUS) & 2, 2);
  t.is(rig.read(reg.ICR), LSC);
});

test('a cable that is pulled and put in again', async (t) => {
  const rig = new E1000Rig();
  rig.start();
  rig.nic.setLink(false);
  t.is(rig.read(reg.STATUS) & 2, 0);
  t.is(rig.read(reg.ICR), LSC);
  await rig.deliver(frameOf(NIC_MAC, PEER_MAC, 60));
  t.is(rig.read(reg.RDH), 0);
  rig.nic.setLink(true);
  await rig.schedule.sleep(20 * MS);
  t.is(rig.read(reg.STATUS) & 2, 2);
  await rig.deliver(frameOf(NIC_MAC, PEER_MAC, 60));
  t.is(rig.read(reg.RDH), 1);
});

test('CTRL.RST, also by IOADDR and IODATA', (t) => {
  const rig = new E1000Rig();
  rig.start();
  rig.write(reg.RA, 0x12345678);
  const ports = rig.pci.bar(1);
  rig.io.writePort(ports, 4, reg.RA);
  t.is(rig.io.readPort(ports + 4, 4), 0x12345678);
  rig.io.writePort(ports, 4, reg.CTRL);
  rig.io.writePort(ports + 4, 4, 0x04000000);
  t.is(rig.read(reg.RCTL), 0);
  t.is(rig.read(reg.CTRL), 0x00140240);
  t.is(rig.read(reg.RA), 0x003e1600);
  t.is(rig.read(reg.STATUS) & 2, 2);
});

test('interrupts: IMS lets causes through, reading ICR clears them', async (t) => {
  const rig = new E1000Rig();
  const causes: number[] = [];
  rig.io.setInterruptHandler(5, () => {
    causes.push(rig.read(reg.ICR));
    rig.io.endOfInterrupt(5);
  });
  rig.write(reg.ICS, 1);
  await rig.settle();
  t.deepEqual(causes, []);
  t.is(rig.read(reg.ICS), 1);
  rig.write(reg.IMS, 5);
  await rig.settle();
  t.deepEqual(causes, [1]);
  rig.write(reg.IMC, 1);
  t.is(rig.read(reg.IMS), 4);
  rig.write(reg.ICS, 1);
  await rig.settle();
  t.deepEqual(causes, [1]);
  rig.write(reg.ICR, 1);
  t.is(rig.read(reg.ICR), 0);
});

test('ITR keeps interrupts apart', async (t) => {
  const rig = new E1000Rig();
  const times: number[] = [];
  rig.io.setInterruptHandler(5, () => {
    times.push(rig.schedule.now());
    rig.read(reg.ICR);
    rig.io.endOfInterrupt(5);
  });
  // 1000 * 256 ns.
  rig.write(reg.ITR, 1000);
  rig.write(reg.IMS, RXT0);
  for (let i = 0; i < 20; i++) {
    rig.write(reg.ICS, RXT0);
    await rig.schedule.sleep(50_000);
  }
  await rig.settle();
  t.is(times.length, 5);
  for (let i = 1; i < times.length; i++) t.true(times[i] - times[i - 1] >= 256_000);
});

test('statistics are cleared by reading, those of 64 bits by their upper half', async (t) => {
  const rig = new E1000Rig();
  rig.start();
  await rig.deliver(
    frameOf(NIC_MAC, PEER_MAC, 60),
    frameOf(NIC_MAC, PEER_MAC, 100),
    frameOf(BROADCAST, PEER_MAC, 1514),
  );
  t.like(rig.nic.stats(), {GPRC: 3, BPRC: 1, MPRC: 0, PRC64: 1, GORC: 1686});
  t.is(rig.read(0x4074), 3);
  t.is(rig.read(0x4074), 0);
  t.is(rig.read(0x405c), 1);
  t.is(rig.read(0x4060), 1);
  t.is(rig.read(0x4070), 1);
  t.is(rig.read(0x4088), 60 + 100 + 1514 + 12);
  t.is(rig.read(0x4088), 1686);
  t.is(rig.read(0x408c), 0);
  t.is(rig.read(0x4088), 0);
});

test('unplugged, it is gone from the bus and from the bridge', async (t) => {
  const rig = new E1000Rig();
  rig.start();
  rig.nic.unplug();
  t.is(rig.read(reg.STATUS), 0xffffffff);
  t.is(rig.pci.vendorId, 0xffff);
  t.is(rig.bridge.links.length, 1);
  await rig.deliver(frameOf(BROADCAST, PEER_MAC, 60));
});

test('hostile: whatever registers and rings hold, the host lives', async (t) => {
  const names = Object.values(reg);
  const access = fc.record({
    register: fc.oneof(fc.constantFrom(...names), fc.nat(0x7fff)),
    size: fc.constantFrom(1 as const, 2 as const, 4 as const, 4 as const),
    value: fc.oneof(fc.nat(0xff), fc.nat(0xfffff), fc.integer({min: 0, max: 0xffffffff})),
    isRead: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(access, {minLength: 20, maxLength: 60}), fc.nat(0xffff), async (accesses, seed) => {
      const rig = new E1000Rig();
      rig.start(RECEIVE);
      const rings = rig.memory.subarray(rig.tx, rig.tx + 4096);
      for (let i = 0; i < rings.length; i++) rings[i] = Math.imul(i + seed, 0x9e3779b1) >>> 24;
      for (const {register, size, value, isRead} of accesses) {
        if (isRead) rig.io.readMemory(rig.pci.bar(0) + register, size);
        else rig.io.writeMemory(rig.pci.bar(0) + register, size, value);
        rig.peer.send([frameOf(NIC_MAC, PEER_MAC, 60 + (value % 1500))]);
      }
      await rig.settle();
      return rig.nic.toString().startsWith('e1000');
    }),
    {seed: 1, numRuns: 40},
  );
  t.pass();
});
