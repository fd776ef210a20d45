import test from 'ava';
import * as fc from 'fast-check';
import {Lsi53c895a} from '../../backends/emulated/lsi53c895a/index.ts';
import {DiskUnit} from '../../backends/scsi/target/index.ts';
import {RamImage} from '../../backends/storage/index.ts';
import * as a from '../../frontends/emulated/lsi53c895a/assembler.ts';
import {scanPci} from '../../frontends/emulated/pci.ts';
import {EmulatedRig} from '../support/emulated-rig.ts';

const MS = 1e6;
const IRQ = 5;
/** Where tests have their memory and their script: physical addresses. */
const MEMORY = 0x100000;
const SCRIPT = 0x110000;

const [SCNTL1, SCNTL2, SDID, SFBR, SBCL, DSTAT, SSTAT0, SSTAT1] = [0x01, 0x02, 0x06, 0x08, 0x0b, 0x0c, 0x0d, 0x0e];
const [DSA, ISTAT, CTEST2, TEMP, DBC, DNAD, DSP, DSPS, SCRATCHA] = [
  0x10, 0x14, 0x1a, 0x1c, 0x24, 0x28, 0x2c, 0x30, 0x34,
];
const [DIEN, DCNTL, SIEN, SIST, STIME1, SIDL, CCNTL0] = [0x39, 0x3b, 0x40, 0x42, 0x49, 0x50, 0x56];
const [PMJAD1, RBC, UA, IA] = [0xc0, 0xc8, 0xcc, 0xd4];
const [DIP, SIP, INTF, SIGP] = [1, 2, 4, 0x20];

const stand = () => {
  const rig = new EmulatedRig();
  const lsi = new Lsi53c895a(rig.model, {initiatorName: 'guest'});
  lsi.attach({id: 2, lun: 0}, new DiskUnit({storage: new RamImage(1 << 20), serial: 'A'}));
  lsi.plug(3);
  rig.setUpPci();
  const [pci] = scanPci(rig.io);
  pci.enable(4);
  const [registers, ram] = [pci.bar(1), pci.bar(2)];
  const {u8, u32} = rig.guest.memory;
  let interrupts = 0;
  // The line is level triggered: this interrupt is never ended, so that the test may acknowledge it or not.
  rig.io.setInterruptHandler(pci.irq, () => interrupts++);
  const read = (register: number, size: 1 | 2 | 4): number => rig.io.readMemory(registers + register, size);
  const write = (register: number, size: 1 | 2 | 4, value: number): void =>
    rig.io.writeMemory(registers + register, size, value);
  const load = (program: a.Program): a.Assembled => {
    const code = a.assemble(program, SCRIPT);
    u32.set(code.words, SCRIPT / 4);
    return code;
  };
  return {
    rig,
    lsi,
    pci,
    ram,
    read,
    write,
    u8,
    u32,
    load,
    interrupts: () => interrupts,
    wait: (ns = MS) => rig.schedule.sleep(ns),
    /** Runs a program from its beginning until it stops or waits. */
    run: async (program: a.Program): Promise<a.Assembled> => {
      const code = load(program);
      write(DIEN, 1, 0x35);
      write(SIEN, 2, 0x048f);
      write(DSP, 4, SCRIPT);
      await rig.schedule.sleep(MS);
      return code;
    },
  };
};

const IDENTIFY = 0x80;
const inquiry = [0x12, 0, 0, 0, 36, 0];

/** Entries of the tests' table: messages, CDB, data, and one more byte. */
const layTable = (
  {u8, u32, write}: ReturnType<typeof stand>,
  messages: readonly number[],
  cdb: readonly number[],
): void => {
  u8.set(messages, MEMORY + 0x100);
  u8.set(cdb, MEMORY + 0x110);
  u32.set([2 << 16, messages.length, MEMORY + 0x100, cdb.length, MEMORY + 0x110, 36, MEMORY + 0x200], MEMORY / 4);
  write(DSA, 4, MEMORY);
};

const selectAndSend: readonly a.Line[] = [
  a.selectAtnFrom(0, 0),
  a.int(1, a.unless('messageOut')),
  a.moveFrom(4, 'messageOut'),
];

test('PCI identity, ranges and line', (t) => {
  const {pci} = stand();
  t.is(String(pci), '00:03.0 1000:0012');
  t.is(pci.classCode, 0x010000);
  t.is(pci.irq, IRQ);
  t.is(pci.readConfig(0x10, 4) & 1, 1);
});

test('registers after reset; those that are read-only keep their values', (t) => {
  const {read, write, rig, pci} = stand();
  t.is(read(0, 4), 0x000000c0);
  t.is(read(0x04, 1), 0x07);
  write(DSTAT, 4, 0xffffffff);
  t.is(read(DSTAT, 4), 0x02000080);
  t.is(read(0x52, 1), 0xe0);
  t.is(read(ISTAT, 2), 0);
  write(SCRATCHA, 4, 0x12345678);
  write(TEMP, 2, 0xabcd);
  t.is(read(SCRATCHA + 1, 2), 0x3456);
  t.is(rig.io.readPort(pci.bar(0) + TEMP, 4), 0xabcd);
  t.is(read(0x100 + SCRATCHA, 4), 0x12345678, 'the registers again');
  t.is(read(0xf0, 2), 0, 'nothing there');
  write(ISTAT, 1, 0x40);
  t.is(read(SCRATCHA, 4), 0);
  t.is(read(ISTAT, 1), 0x40);
  write(ISTAT, 1, 0);
  t.is(read(ISTAT, 1), 0);
});

test('script RAM takes accesses of all sizes', (t) => {
  const {rig, ram} = stand();
  rig.io.writeMemory(ram + 0x1ffc, 4, 0xdeadbeef);
  rig.io.writeMemory(ram + 0x1ffd, 1, 0x11);
  t.is(rig.io.readMemory(ram + 0x1ffc, 4), 0xdead11ef);
  t.is(rig.io.readMemory(ram + 0x1ffe, 2), 0xdead);
});

test("the cache test of Linux's sym53c8xx: load, store, interrupt", async (t) => {
  const {read, write, run, u32} = stand();
  u32[MEMORY / 4] = 0x11111111;
  write(DSA, 4, MEMORY - 64);
  write(TEMP, 4, 0x22222222);
  const code = await run({
    start: [a.load(SCRATCHA, {dsa: 64}), a.store(TEMP, {dsa: 64}), a.load(TEMP, MEMORY), a.int(99)],
    end: [a.word(0)],
  });
  t.is(read(ISTAT, 1), DIP);
  t.is(read(DSTAT, 1), 0x84);
  t.is(read(DSTAT, 1), 0x80, 'reading acknowledges');
  t.is(read(ISTAT, 1), 0);
  t.is(read(DSP, 4), code.addressOf('end'));
  t.is(read(DSPS, 4), 99);
  t.is(read(SCRATCHA, 4), 0x11111111);
  t.is(read(TEMP, 4), 0x22222222);
  t.is(u32[MEMORY / 4], 0x22222222);
});

test('arithmetic, shifts and carry', async (t) => {
  const {read, run} = stand();
  const add = (register: number, data: number): a.Line => [0x7e000000 | (register << 16) | (data << 8), 0];
  const addWithCarry = (register: number, data: number): a.Line => [0x7f000000 | (register << 16) | (data << 8), 0];
  const set = (register: number, data: number): a.Line => [0x78000000 | (register << 16) | (data << 8), 0];
  const carrySet = (1 << 19) | (1 << 21);
  await run({
    start: [set(SCRATCHA, 0xff), set(SCRATCHA + 1, 0x7f), add(SCRATCHA, 2), addWithCarry(SCRATCHA + 1, 0x80)],
    shift: [set(SCRATCHA + 2, 0x81), a.clear('carry'), a.registerToRegister(SCRATCHA + 2, 'shiftLeft')],
    test: [a.jump('set', carrySet), a.int(1)],
    set: [a.registerToSfbr(SCRATCHA + 2, 'or', 0x40), a.int(2, a.ifByte(0x42)), a.int(3)],
  });
  t.is(read(SCRATCHA, 4), 0x00020001);
  t.is(read(DSPS, 4), 2);
  t.is(read(SFBR, 1), 0x42);
});

test('memory moves, and what the script reaches of the chip itself', async (t) => {
  const {read, run, u8, ram, pci, rig} = stand();
  u8.set([1, 2, 3, 4, 5], MEMORY);
  await run({start: [[0xc0000005, MEMORY, ram + 3], [0xc0000002, ram + 4, pci.bar(1) + SCRATCHA], a.int(7)]});
  t.is(read(DSPS, 4), 7);
  t.is(rig.io.readMemory(ram + 4, 4), 0x05040302);
  t.is(read(SCRATCHA, 2), 0x0302);
});

test('illegal instructions, and a chip that may not access memory', async (t) => {
  const port = stand();
  const {read, write, run, pci} = port;
  for (const line of [
    [0x00000000, 0],
    [0xe1340000, MEMORY],
    [0xe1340005, MEMORY],
    [0xb8080000, 0],
  ]) {
    await run({start: [line]});
    t.is(read(DSTAT, 1), 0x81, line[0].toString(16));
  }
  pci.writeConfig(4, 2, 3);
  write(DSP, 4, SCRIPT);
  await port.wait();
  t.is(read(DSTAT, 1), 0xa0);
});

test('nobody answers a selection: the script stops where it looks for a phase', async (t) => {
  const port = stand();
  layTable(port, [IDENTIFY], inquiry);
  port.u32[MEMORY / 4] = 5 << 16;
  const code = await port.run({
    start: [a.selectAtnFrom(0, 0), a.load(SCRATCHA, {dsa: 4}), a.int(1, a.unless('messageOut'))],
    end: [a.word(0)],
  });
  t.is(port.read(ISTAT, 1), SIP);
  t.is(port.read(SIST, 2), 0x0400);
  t.is(port.read(DSP, 4), code.addressOf('end'));
  t.is(port.read(SCRATCHA, 4), 1);
  t.is(port.read(SDID, 1), 5);
  t.is(port.interrupts(), 1);
});

test('an INQUIRY, phase by phase', async (t) => {
  const port = stand();
  layTable(port, [IDENTIFY], inquiry);
  const {read, run, u8} = port;
  await run({start: [...selectAndSend, a.int(2, a.unless('command')), a.moveFrom(12, 'command'), a.int(3)]});
  t.is(read(DSPS, 4), 3);
  t.is(read(DSTAT, 1), 0x84);
  t.is(read(SSTAT1, 1), 1, 'data in');
  t.is(read(SBCL, 1), 0xa1);
  t.is(read(SCNTL1, 1), 0x10, 'connected');
  t.is(read(ISTAT, 1), 8);
  await run({
    start: [a.moveFrom(20, 'dataIn'), a.move(1, MEMORY + 0x300, 'status'), a.move(1, MEMORY + 0x301, 'messageIn')],
    end: [a.registerToRegister(SCNTL2, 'and', 0x7f), a.clear('ack'), a.waitDisconnect, a.intFly, a.int(4)],
  });
  t.is(read(DSPS, 4), 4);
  t.is(read(ISTAT, 1), DIP | INTF);
  port.write(ISTAT, 1, INTF);
  t.is(read(ISTAT, 1), DIP);
  t.is(Buffer.from(u8.subarray(MEMORY + 0x208, MEMORY + 0x210)).toString(), 'PVSIM   ');
  t.deepEqual([...u8.subarray(MEMORY + 0x300, MEMORY + 0x302)], [0, 0]);
});

test('a target that leaves unexpectedly is an interrupt', async (t) => {
  const port = stand();
  layTable(port, [IDENTIFY, 0x06], inquiry);
  await port.run({start: [...selectAndSend, a.int(2)]});
  t.is(port.read(SIST, 2), 0x0004);
  t.is(port.read(DSTAT, 1), 0x80);
});

test('negotiations are answered, what is not known is rejected', async (t) => {
  for (const [message, answer] of [
    [
      [1, 3, 1, 12, 62],
      [1, 3, 1, 12, 31],
    ],
    [
      [1, 2, 3, 1],
      [1, 2, 3, 1],
    ],
    [[1, 6, 4, 9, 0, 62, 1, 2], [7]],
    [[0x55], [7]],
    [[0x08], undefined],
  ] as const) {
    const port = stand();
    layTable(port, [IDENTIFY, ...message], inquiry);
    const length = answer?.length ?? 1;
    await port.run({
      start: [...selectAndSend, a.jump('command', a.unless('messageIn'))],
      answer: [a.move(length, MEMORY + 0x300, 'messageIn'), a.clear('ack')],
      command: [a.int(2, a.unless('command')), a.int(3)],
    });
    t.is(port.read(DSPS, 4), 3, String(message));
    t.deepEqual(
      [...port.u8.subarray(MEMORY + 0x300, MEMORY + 0x300 + length)],
      answer === undefined ? [0] : [...answer],
    );
    if (answer !== undefined) t.is(port.read(SIDL, 1), answer[length - 1]);
  }
});

test('a data phase that ends early: an interrupt, or a jump with all that is needed to go on', async (t) => {
  const program = (base: readonly a.Line[]): a.Program => ({
    start: [...base, a.moveFrom(12, 'command')],
    data: [a.move(100, MEMORY + 0x200, 'dataIn'), a.int(5)],
    mismatch: [a.int(6)],
  });
  const port = stand();
  layTable(port, [IDENTIFY], inquiry);
  await port.run(program(selectAndSend));
  t.is(port.read(SIST, 2), 0x80);
  t.is(port.read(DBC, 4), 0x09000040);
  t.is(port.read(DNAD, 4), MEMORY + 0x200 + 36);
  const other = stand();
  layTable(other, [IDENTIFY], inquiry);
  other.write(CCNTL0, 1, 0x80);
  other.write(PMJAD1, 4, other.load(program(selectAndSend)).addressOf('mismatch'));
  const code = await other.run(program(selectAndSend));
  t.is(other.read(DSPS, 4), 6);
  t.is(other.read(RBC, 4), 64);
  t.is(other.read(UA, 4), MEMORY + 0x200 + 36);
  t.is(other.read(IA, 4), code.addressOf('data'));
});

test('the signal wakes a script that waits, or one that comes to wait later; CTEST2 takes it', async (t) => {
  const port = stand();
  const {read, write, run, wait} = port;
  const program = {start: [a.waitReselect('signalled')], reselected: [a.int(1)], signalled: [a.int(2)]};
  await run(program);
  t.is(read(0x15, 1), 2, 'running');
  t.is(read(DSTAT, 1), 0x80);
  write(ISTAT, 1, SIGP);
  await wait();
  t.is(read(DSPS, 4), 2);
  t.is(read(ISTAT, 1), SIGP | DIP);
  t.is(read(CTEST2, 1), 0x50);
  t.is(read(CTEST2, 1), 0x10);
  write(ISTAT, 1, SIGP);
  t.is(read(DSTAT, 1), 0x84);
  await run(program);
  t.is(read(DSPS, 4), 2);
});

test('single steps, aborts, and going on where it stopped', async (t) => {
  const {read, write, run, wait} = stand();
  write(DCNTL, 1, 0x10);
  const code = await run({start: [a.load(SCRATCHA, MEMORY)], next: [a.jump('next')]});
  t.is(read(DSTAT, 1), 0x88);
  t.is(read(DSP, 4), code.addressOf('next'));
  write(DCNTL, 1, 0x04);
  await wait();
  t.is(read(0x15, 1), 2);
  write(ISTAT, 1, 0x80);
  t.is(read(DSTAT, 1), 0x90);
  t.is(read(0x15, 1), 0);
});

test('a script without end lets time go on', async (t) => {
  const {run, wait, lsi, read} = stand();
  await run({start: [a.jump('start')]});
  await wait(100 * MS);
  t.is(read(0x15, 1), 2);
  t.true(lsi.stats().instructions < 1e6);
});

test('bus reset and timer', async (t) => {
  const {read, write, wait} = stand();
  write(SCNTL1, 1, 8);
  t.is(read(SSTAT0, 1), 2);
  t.is(read(SIST, 2), 2);
  write(SCNTL1, 1, 0);
  t.is(read(SSTAT0, 1), 0);
  write(STIME1, 1, 3);
  await wait();
  t.is(read(SIST, 2), 0x0200);
});

test('whatever a guest writes, the host lives on', async (t) => {
  const words = fc.array(fc.oneof(fc.integer({min: 0, max: 0xffffffff}), fc.constantFrom(...usefulWords)), {
    minLength: 2,
    maxLength: 64,
  });
  const accesses = fc.array(fc.tuple(fc.nat(255), fc.integer({min: 0, max: 0xffffffff})), {maxLength: 20});
  await fc.assert(
    fc.asyncProperty(words, accesses, async (program, writes) => {
      const port = stand();
      layTable(port, [IDENTIFY], inquiry);
      await port.run({start: [program]});
      for (const [register, value] of writes) {
        port.write(register & ~3, 4, value);
        port.read(register, 1);
        await port.wait(10_000);
      }
      port.lsi.unplug();
      await port.wait();
      t.pass();
    }),
    {seed: 9, numRuns: 60},
  );
});

/** Instructions that get somewhere. */
const usefulWords = [
  ...selectAndSend,
  a.moveFrom(12, 'command'),
  a.moveFrom(20, 'dataIn'),
  a.waitDisconnect,
  a.clear('ack'),
]
  .flat()
  .filter((word) => typeof word === 'number');
