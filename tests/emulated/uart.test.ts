import test from 'ava';
import * as fc from 'fast-check';
import {Uart, type UartOptions} from '../../backends/emulated/uart/index.ts';
import {EmulatedRig} from '../support/emulated-rig.ts';

const BASE = 0x3f8;
const [DATA, IER, FCR, LCR, MCR, LSR, MSR, SCR] = [0, 1, 2, 3, 4, 5, 6, 7];
const IIR = FCR;
const MS = 1e6;
/** At 115200 bit/s, 8N1. */
const CHARACTER_NS = 86_806;

const stand = (options: UartOptions = {}) => {
  const rig = new EmulatedRig();
  const uart = new Uart(rig.model, options);
  uart.plug();
  const output: number[] = [];
  uart.line.output.subscribe((bytes) => output.push(...bytes));
  let interrupts = 0;
  rig.io.setInterruptHandler(4, () => {
    interrupts++;
    rig.io.endOfInterrupt(4);
  });
  return {
    rig,
    uart,
    output,
    read: (register: number) => rig.io.readPort(BASE + register, 1),
    write: (register: number, value: number) => rig.io.writePort(BASE + register, 1, value),
    wait: (ns: number) => rig.schedule.sleep(ns),
    interrupts: () => interrupts,
  };
};

/** 115200 bit/s, 8N1, FIFOs on with that trigger, interrupts let through. */
const setUp = ({write}: ReturnType<typeof stand>, trigger: number): void => {
  write(LCR, 0x83);
  write(DATA, 1);
  write(IER, 0);
  write(LCR, 0x03);
  write(FCR, (trigger << 6) | 0x07);
  write(MCR, 0x0b);
};

const type = ({uart}: ReturnType<typeof stand>, text: string): number =>
  uart.line.write(new TextEncoder().encode(text));

test('registers after reset, and the bits that they keep', (t) => {
  const {read, write} = stand();
  t.deepEqual([IER, IIR, LCR, MCR, LSR, MSR, SCR].map(read), [0, 1, 0, 0, 0x60, 0xb0, 0]);
  for (const register of [IER, LCR & ~0x80, MCR, SCR]) write(register, 0x7f);
  t.deepEqual([IER, MCR, SCR].map(read), [0x0f, 0x1f, 0x7f]);
  write(LCR, 0x80);
  t.is(read(DATA), 12);
  write(DATA, 0x34);
  write(IER, 0x12);
  t.deepEqual([DATA, IER].map(read), [0x34, 0x12]);
  write(LCR, 0x03);
  t.is(read(IER), 0x0f, 'the divisor is behind it');
});

test('an access of two bytes reaches two registers', (t) => {
  const {rig, read} = stand();
  rig.io.writePort(BASE + MCR, 4, 0x5a00000b);
  t.is(read(MCR), 0x0b);
  t.is(read(SCR), 0x5a);
  t.is(rig.io.readPort(BASE + LSR, 2), 0xb060);
});

test('FIFOs are seen in the IIR, as is a UART without them', (t) => {
  const {read, write} = stand();
  write(FCR, 0x01);
  t.is(read(IIR), 0xc1);
  write(FCR, 0x00);
  t.is(read(IIR), 0x01);
});

test("what Linux's 8250 driver takes for a 16550A with working interrupts", async (t) => {
  const port = stand({timing: 'character'});
  const {read, write, wait} = port;
  // autoconfig: a loop with OUT2 and RTS shows as DCD and CTS.
  write(MCR, 0x1a);
  t.is(read(MSR) & 0xf0, 0x90);
  write(MCR, 0);
  // No bigger FIFO, no enhanced features, no UUE bit.
  write(FCR, 0x01);
  t.is(read(IIR) >>> 6, 3);
  write(LCR, 0x80);
  t.not(read(FCR), 0);
  write(LCR, 0);
  write(FCR, 0x21);
  t.is(read(IIR) >>> 5, 6);
  write(IER, 0x40);
  t.is(read(IER) & 0x40, 0);
  // size_fifo: in a loop 16 of 256 characters come through.
  write(MCR, 0x10);
  write(LCR, 0x83);
  write(DATA, 1);
  write(IER, 0);
  write(LCR, 0x03);
  write(FCR, 0x07);
  for (let i = 0; i < 256; i++) write(DATA, i);
  await wait(20 * MS);
  let count = 0;
  while ((read(LSR) & 1) !== 0) {
    read(DATA);
    count++;
  }
  t.is(count, 16);
  // The THRE test of startup: enabling it again brings it again.
  write(MCR, 0x08);
  for (let again = 0; again < 2; again++) {
    write(IER, 0x02);
    t.is(read(IIR) & 0x0f, 0x02);
    write(IER, 0);
  }
});

test('the empty transmitter interrupts once: reading the IIR is enough', async (t) => {
  const port = stand();
  setUp(port, 0);
  port.write(IER, 0x02);
  await port.wait(1);
  t.is(port.interrupts(), 1);
  t.is(port.read(IIR) & 0x0f, 0x02);
  t.is(port.read(IIR) & 0x0f, 0x01);
  port.write(DATA, 0x41);
  await port.wait(1);
  t.is(port.interrupts(), 2);
  t.deepEqual(port.output, [0x41]);
});

test('without OUT2, or in a loop, no interrupt leaves the card', async (t) => {
  const port = stand();
  setUp(port, 0);
  port.write(MCR, 0x03);
  port.write(IER, 0x02);
  port.write(MCR, 0x1b);
  await port.wait(1);
  t.is(port.interrupts(), 0);
  port.write(MCR, 0x0b);
  await port.wait(1);
  t.is(port.interrupts(), 1);
});

test('characters take their time on the wire', async (t) => {
  const port = stand({timing: 'character'});
  setUp(port, 0);
  for (const character of [1, 2, 3]) port.write(DATA, character);
  t.is(port.read(LSR), 0x00);
  await port.wait(2 * CHARACTER_NS + 1000);
  t.is(port.read(LSR), 0x20, 'the last is in the shift register');
  t.deepEqual(port.output, [1, 2]);
  await port.wait(CHARACTER_NS);
  t.is(port.read(LSR), 0x60);
  t.deepEqual(port.output, [1, 2, 3]);
});

test('what is written over a full transmitter is lost', async (t) => {
  const port = stand({timing: 'character'});
  setUp(port, 0);
  for (let i = 0; i < 20; i++) port.write(DATA, i);
  await port.wait(20 * CHARACTER_NS);
  t.deepEqual(
    port.output,
    Array.from({length: 17}, (_, i) => i),
  );
  t.is(port.uart.stats().lostOutBytes, 3);
});

for (const [level, characters] of [1, 4, 8, 14].entries()) {
  test(`a trigger of ${characters}: fewer interrupt after four characters' time`, async (t) => {
    const port = stand({timing: 'character'});
    setUp(port, level);
    port.write(IER, 0x01);
    type(port, 'x'.repeat(characters));
    await port.wait(characters * CHARACTER_NS + 1000);
    t.is(port.read(IIR), 0xc4);
    port.read(DATA);
    if (characters === 1) return;
    t.is(port.read(IIR), 0xc1);
    await port.wait(5 * CHARACTER_NS);
    t.is(port.read(IIR), 0xcc);
    port.read(DATA);
    t.is(port.read(IIR), 0xc1, 'reading starts the time again');
  });
}

test('input that comes too fast overruns: the line status is the most urgent cause', async (t) => {
  const port = stand({timing: 'character'});
  setUp(port, 3);
  port.write(IER, 0x05);
  type(port, 'abcdefghijklmnopqrst');
  await port.wait(20 * CHARACTER_NS + 1000);
  t.is(port.read(IIR), 0xc6);
  t.is(port.read(LSR), 0x63);
  t.is(port.read(LSR), 0x61);
  t.is(port.uart.stats().overruns, 4);
  t.is(port.read(IIR), 0xc4);
});

test('without character times input waits for room instead', async (t) => {
  const port = stand();
  setUp(port, 3);
  t.is(type(port, 'abcdefghijklmnopqrst'), 20);
  await port.wait(1);
  let text = '';
  while ((port.read(LSR) & 1) !== 0) text += String.fromCharCode(port.read(DATA));
  t.is(text, 'abcdefghijklmnopqrst');
  t.is(port.uart.stats().overruns, 0);
});

test('a break comes as a null character with its bits in the LSR', (t) => {
  const port = stand();
  setUp(port, 0);
  port.write(IER, 0x04);
  port.uart.receiveBreak();
  t.is(port.read(IIR), 0xc6);
  t.is(port.read(LSR), 0xf9);
  t.is(port.read(IIR), 0xc1);
  t.is(port.read(DATA), 0);
});

test('modem inputs tell their changes once', (t) => {
  const port = stand();
  port.write(MCR, 0x1a);
  t.is(port.read(MSR), 0x92, 'DSR went');
  t.is(port.read(MSR), 0x90);
  port.write(MCR, 0x1e);
  t.is(port.read(MSR), 0xd0, 'a ring begins');
  port.write(MCR, 0x1a);
  t.is(port.read(MSR), 0x94, 'and ends');
});

test('clearing the FIFOs, and unplugging', (t) => {
  const port = stand();
  setUp(port, 0);
  type(port, 'abc');
  port.write(FCR, 0x03);
  t.is(port.read(LSR), 0x60);
  port.uart.unplug();
  t.is(port.read(LSR), 0xff);
  t.notThrows(() => type(port, 'abc'));
});

test('whatever a guest writes, the host lives on', async (t) => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(7), fc.nat(255), fc.boolean(), fc.nat(3)), {maxLength: 200}),
      fc.constantFrom('immediate' as const, 'character' as const),
      async (accesses, timing) => {
        const port = stand({timing});
        for (const [register, value, isRead, typed] of accesses) {
          if (isRead) t.true(port.read(register) <= 0xff);
          else port.write(register, value);
          type(port, 'x'.repeat(typed));
          await port.wait(CHARACTER_NS);
        }
      },
    ),
    {seed: 9, numRuns: 25},
  );
});
