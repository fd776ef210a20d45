import {Rtl8139} from '../../../backends/emulated/rtl8139/index.ts';
import {BROADCAST, frameOf, NIC_MAC, PEER_MAC} from '../../emulated/nic-rig.ts';
import type {IoSize} from '../../../hypervisor/ioreq/index.ts';
import {findNic, noteSent, plugNic} from './nic.ts';
import {numbersFrom, type Session} from './session.ts';

const RING = 0x200000;
const RING_BYTES = 8192;
const BUFFERS = 0x300000;
const [CR, CAPR, CBR, IMR, ISR, TCR, RCR, CFG9346, CONFIG1] = [0x37, 0x38, 0x3a, 0x3c, 0x3e, 0x40, 0x44, 0x50, 0x52];
const TSD0 = 0x10;
const TSAD0 = 0x20;
const ROK = 1;

const registers: Readonly<Record<string, readonly [number, IoSize]>> = {
  IDR0: [0x00, 4],
  IDR4: [0x04, 4],
  MAR0: [0x08, 4],
  MAR4: [0x0c, 4],
  TSD0: [0x10, 4],
  TSD1: [0x14, 4],
  TSD2: [0x18, 4],
  TSD3: [0x1c, 4],
  TSAD0: [0x20, 4],
  TSAD3: [0x2c, 4],
  RBSTART: [0x30, 4],
  CR: [0x37, 1],
  CAPR: [0x38, 2],
  CBR: [0x3a, 2],
  IMR: [0x3c, 2],
  ISR: [0x3e, 2],
  TCR: [0x40, 4],
  RCR: [0x44, 4],
  MPC: [0x4c, 4],
  '9346CR': [0x50, 1],
  CONFIG0: [0x51, 1],
  CONFIG1: [0x52, 1],
  MSR: [0x58, 1],
  CONFIG3: [0x59, 1],
  CONFIG4: [0x5a, 1],
  MULINT: [0x5c, 2],
  RERID: [0x5e, 1],
  TSAD: [0x60, 2],
  BMCR: [0x62, 2],
  BMSR: [0x64, 2],
  ANAR: [0x66, 2],
  ANLPAR: [0x68, 2],
  ANER: [0x6a, 2],
  CSCR: [0x74, 2],
  CONFIG5: [0xd8, 1],
  CPCR: [0xe0, 2],
};
/** What a driver may write at any time, with the bits that it has there. */
const writable: readonly (readonly [string, number])[] = [
  ['MAR0', 0xffffffff],
  ['MAR4', 0xffffffff],
  ['TSAD0', 0xfffffffc],
  ['TSAD3', 0xfffffffc],
  ['RBSTART', 0xfffffffc],
  ['IMR', 0xe07f],
  ['RCR', 0x0000ff8f],
  ['MULINT', 0x0fff],
];

export const plugRtl8139 = plugNic((rig, options) => new Rtl8139(rig.model, options));

export const driveRtl8139 = async (session: Session): Promise<void> => {
  const {pc} = session;
  const base = findNic(session).bar(0);
  const sent = {count: 0};
  const read = (register: number, size: IoSize, what: string): number => session.in(base + register, size, what);
  const write = (register: number, size: IoSize, value: number): void => session.out(base + register, value, size);
  const dump = (): void => {
    for (const [name, [offset, size]] of Object.entries(registers)) read(offset, size, name);
    session.lines();
  };
  const status = (): void => {
    read(ISR, 2, 'ISR');
    session.lines();
  };
  const reset = (): void => {
    write(CR, 1, 0x10);
    read(CR, 1, 'CR');
  };

  session.step('reset');
  reset();
  dump();

  session.step('EEPROM');
  for (let word = 0; word < 10; word++) session.note(`word ${word}`, readEeprom(session, base, word));

  session.step('locked');
  write(CONFIG1, 1, 0xff);
  read(CONFIG1, 1, 'CONFIG1');
  session.step('unlocked');
  write(CFG9346, 1, 0xc0);
  write(CONFIG1, 1, 0x10);
  read(CONFIG1, 1, 'CONFIG1');
  write(CONFIG1, 1, 0x00);
  write(CFG9346, 1, 0x00);

  session.step('transmission');
  write(CR, 1, 0x0c);
  write(TCR, 4, 0x03000600);
  write(IMR, 2, 0xffff & 0xe07f);
  for (let i = 0; i < 9; i++) {
    session.step(`transmission ${i}`);
    const frame = frameOf(PEER_MAC, NIC_MAC, 60 + i * 170, i);
    const slot = i % 4;
    pc.writeBytes(BUFFERS, frame);
    write(TSAD0 + slot * 4, 4, BUFFERS);
    write(TSD0 + slot * 4, 4, frame.length);
    await noteSent(session, sent, 1);
    status();
    for (let each = 0; each < 4; each++) read(TSD0 + each * 4, 4, `TSD${each}`);
    read(0x60, 2, 'TSAD');
    write(ISR, 2, 0x0c);
    status();
  }

  session.step('reception');
  pc.writeBytes(RING, new Uint8Array(RING_BYTES + 2048));
  write(RCR, 4, 0x0000f78e & ~0x1800);
  write(0x30, 4, RING);
  const lengths = [60, 61, 64, 100, 577, 1514, 42];
  let at = 0;
  for (const [index, length] of lengths.entries()) {
    session.step(`reception of ${length}`);
    const to = index % 2 === 0 ? NIC_MAC : BROADCAST;
    pc.peer.deliver(frameOf(to, PEER_MAC, length, index));
    await pc.until(() => (pc.io.readPort(base + ISR, 2) & ROK) !== 0);
    status();
    read(CR, 1, 'CR');
    read(CBR, 2, 'CBR');
    session.memory('ring', RING + at, 1600);
    write(ISR, 2, ROK);
    status();
    at = pc.io.readPort(base + CBR, 2);
    write(CAPR, 2, (at - 16) & 0xffff);
    read(CAPR, 2, 'CAPR');
    read(CR, 1, 'CR');
    read(0x4c, 4, 'MPC');
  }
  session.step('not for us');
  pc.peer.deliver(frameOf(Uint8Array.of(0, 0x16, 0x3e, 9, 9, 9), PEER_MAC, 100));
  pc.peer.deliver(frameOf(NIC_MAC, PEER_MAC, 101));
  await pc.until(() => (pc.io.readPort(base + ISR, 2) & ROK) !== 0);
  read(CBR, 2, 'CBR');
  write(ISR, 2, ROK);

  session.step('around the end of the ring');
  for (let i = 0; i < 8; i++) {
    write(CAPR, 2, (pc.io.readPort(base + CBR, 2) - 16) & 0xffff);
    pc.peer.deliver(frameOf(NIC_MAC, PEER_MAC, 1200 + i, i));
    await pc.until(() => (pc.io.readPort(base + ISR, 2) & ROK) !== 0);
    write(ISR, 2, ROK);
    read(CBR, 2, 'CBR');
  }
  session.memory('ring', RING, RING_BYTES);
  session.step('after all');
  dump();

  session.step('random');
  reset();
  write(IMR, 2, 0);
  const random = numbersFrom(8139);
  for (let i = 0; i < 300; i++) {
    const [name, mask] = writable[random(writable.length)];
    const [offset, size] = registers[name];
    if (random(2) === 0) write(offset, size, (random(2 ** 32) & mask) >>> 0);
    read(offset, size, name);
  }
  session.step('reset again');
  reset();
  dump();
};

/** A word of the 93C46, bit by bit as Linux's 8139too reads it. */
const readEeprom = (session: Session, base: number, word: number): number => {
  const put = (value: number): void => session.out(base + CFG9346, 0x88 | value);
  const clock = (data: number): void => {
    put(data);
    put(data | 0x04);
  };
  session.out(base + CFG9346, 0x80);
  put(0);
  const command = (6 << 6) | word;
  for (let bit = 8; bit >= 0; bit--) clock(((command >> bit) & 1) << 1);
  put(0);
  let value = 0;
  for (let bit = 0; bit < 16; bit++) {
    clock(0);
    value = (value << 1) | (session.pc.io.readPort(base + CFG9346, 1) & 1);
  }
  session.out(base + CFG9346, 0);
  return value;
};
