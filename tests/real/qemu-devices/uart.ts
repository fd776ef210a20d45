import {Uart} from '../../../backends/emulated/uart/index.ts';
import type {EmulatedRig} from '../../support/emulated-rig.ts';
import type {Peer} from './pc.ts';
import {numbersFrom, type Session} from './session.ts';

const BASE = 0x3f8;
const [DATA, IER, FCR, LCR, MCR, LSR, MSR, SCR] = [0, 1, 2, 3, 4, 5, 6, 7];
const IIR = FCR;
const NAMES = ['RBR', 'IER', 'IIR', 'LCR', 'MCR', 'LSR', 'MSR', 'SCR'];
const RANDOM_ACCESSES = 600;

export const plugUart = (rig: EmulatedRig): Peer => {
  const uart = new Uart(rig.model);
  uart.plug();
  const sent: Uint8Array[] = [];
  uart.line.output.subscribe((bytes) => sent.push(bytes));
  return {sent, deliver: (bytes) => void uart.line.write(bytes)};
};

export const driveUart = async (session: Session): Promise<void> => {
  const {pc} = session;
  const read = (register: number): number => session.in(BASE + register, 1, NAMES[register]);
  const readModem = (): void => {
    const value = pc.io.readPort(BASE + MSR, 1);
    session.note('MSR', value & 0xf0);
    session.note('changes in MSR', value & 0x0f);
  };
  const write = (register: number, value: number): void => session.out(BASE + register, value);
  const status = (): void => {
    for (const register of [LSR, IIR]) read(register);
    readModem();
    session.lines();
  };
  const arrived = (): boolean => (pc.io.readPort(BASE + LSR, 1) & 1) !== 0;
  /** The largest makes a timeout so late that none comes while bytes are read. */
  const setDivisor = (divisor: number): void => {
    write(LCR, 0x83);
    write(DATA, divisor & 0xff);
    write(IER, divisor >>> 8);
    read(DATA);
    read(IER);
    write(LCR, 0x03);
  };
  const timedOut = (): boolean => (pc.io.readPort(BASE + IIR, 1) & 0x0f) === 0x0c;
  const type = (text: string): void => pc.peer.deliver(new TextEncoder().encode(text));
  const sentText = (): string => Buffer.concat(pc.peer.sent).toString();

  session.step('reset');
  for (const register of [IER, IIR, LCR, MCR, LSR, MSR, SCR]) read(register);

  session.step('divisor');
  write(LCR, 0x83);
  read(DATA);
  setDivisor(0xffff);
  read(IER);

  session.step('loop');
  write(MCR, 0x1f);
  write(FCR, 0x07);
  status();
  write(MCR, 0x10);
  status();
  status();
  for (const byte of [0x41, 0x42]) write(DATA, byte);
  status();
  read(DATA);
  read(DATA);
  status();
  write(MCR, 0x0b);
  status();
  status();

  session.step('output with interrupts');
  write(IER, 0x02);
  session.lines();
  read(IIR);
  session.lines();
  for (const byte of new TextEncoder().encode('hello')) write(DATA, byte);
  await pc.until(() => sentText() === 'hello');
  session.note('output', sentText());
  read(IIR);
  session.lines();
  write(IER, 0);

  for (const [trigger, bytes] of [
    [0x07, 1],
    [0x47, 4],
    [0x87, 8],
    [0xc7, 14],
    [0x00, 1],
  ]) {
    session.step(`input, FCR ${trigger.toString(16)}`);
    write(FCR, trigger);
    write(IER, 0x05);
    type('abcdefghijklmnop'.slice(0, bytes));
    await pc.until(arrived);
    status();
    for (let i = 0; i < bytes; i++) {
      read(DATA);
      read(IIR);
      session.lines();
    }
    status();
    write(IER, 0);
  }

  session.step('character timeout');
  setDivisor(1);
  write(FCR, 0xc7);
  write(IER, 0x01);
  type('xy');
  await pc.until(arrived);
  await pc.until(timedOut);
  status();
  read(DATA);
  await pc.until(timedOut);
  status();
  read(DATA);
  status();

  setDivisor(0xffff);

  session.step('FIFOs cleared');
  type('zz');
  await pc.until(arrived);
  write(FCR, 0x03);
  status();
  read(DATA);

  session.step('OUT2 off');
  write(IER, 0x02);
  write(MCR, 0x03);
  session.lines();
  write(MCR, 0x0b);
  session.lines();

  for (const loop of [0x10, 0]) {
    session.step('into or out of the loop');
    write(IER, 0);
    write(FCR, 0x07);
    write(MCR, 0x08 | loop);
    readModem();
    session.step(loop === 0 ? 'random' : 'random in the loop');
    const random = numbersFrom(16550);
    for (let i = 0; i < RANDOM_ACCESSES; i++) {
      const register = random(8);
      const value = random(256);
      if (register === DATA) {
        if (random(2) === 0) write(DATA, value);
        else if ((read(LSR) & 1) !== 0) read(DATA);
      } else if (random(2) === 0) {
        if (register === MSR) readModem();
        else read(register);
      } else if (register === IER) write(IER, value & 0x07);
      else if (register === FCR) write(FCR, (value & 0xc0) | 1);
      else if (register === LCR) write(LCR, value & 0x3f);
      else if (register === MCR) write(MCR, (value & 0x0f) | 0x08 | loop);
      else if (register === SCR) write(SCR, value);
      if (loop === 0) session.lines();
    }
  }
};
