import {E1000} from '../../../backends/emulated/e1000/index.ts';
import {DATA, DEXT, EOP, packet, RECEIVE, reg, RS, TSE, VLE} from '../../emulated/e1000-rig.ts';
import {BROADCAST, frameOf, NIC_MAC, PEER_MAC} from '../../emulated/nic-rig.ts';
import {findNic, noteSent, plugNic} from './nic.ts';
import {numbersFrom, type Session} from './session.ts';

const TX = 0x200000;
const RX = 0x201000;
const TX_BUFFERS = 0x300000;
const RX_BUFFERS = 0x400000;
const ENTRIES = 16;
const BUFFER_BYTES = 2048;
const TXDW = 1;
const RXT0 = 0x80;
const IP_CONTEXT = 14 | (24 << 8) | (33 << 16);
const TCP_CONTEXT = 34 | (50 << 8);
const UDP_CONTEXT = 34 | (40 << 8);
const IPV4 = 1 << 25;
const TCP = 1 << 24;
const IXSM = 1 << 8;
const TXSM = 1 << 9;

const shown: Readonly<Record<string, number>> = {
  CTRL: 0x0000,
  STATUS: 0x0008,
  EECD: 0x0010,
  CTRL_EXT: 0x0018,
  MDIC: 0x0020,
  VET: 0x0038,
  ICR: 0x00c0,
  ITR: 0x00c4,
  IMS: 0x00d0,
  RCTL: 0x0100,
  TCTL: 0x0400,
  TIPG: 0x0410,
  LEDCTL: 0x0e00,
  PBA: 0x1000,
  RDBAL: 0x2800,
  RDLEN: 0x2808,
  RDH: 0x2810,
  RDT: 0x2818,
  RDTR: 0x2820,
  RADV: 0x282c,
  TDBAL: 0x3800,
  TDLEN: 0x3808,
  TDH: 0x3810,
  TDT: 0x3818,
  TIDV: 0x3820,
  TADV: 0x382c,
  RXCSUM: 0x5000,
  MTA0: 0x5200,
  RAL0: 0x5400,
  RAH0: 0x5404,
  RAL1: 0x5408,
  VFTA0: 0x5600,
  MANC: 0x5820,
};

const statistics: Readonly<Record<string, number>> = {
  CRCERRS: 0x4000,
  MPC: 0x4010,
  PRC64: 0x405c,
  PRC127: 0x4060,
  PRC1023: 0x406c,
  PRC1522: 0x4070,
  GPRC: 0x4074,
  BPRC: 0x4078,
  MPRC: 0x407c,
  GPTC: 0x4080,
  GORCL: 0x4088,
  GOTCL: 0x4090,
  RNBC: 0x40a0,
  RUC: 0x40a4,
  TORL: 0x40c0,
  TOTL: 0x40c8,
  TPR: 0x40d0,
  TPT: 0x40d4,
  PTC64: 0x40d8,
  PTC1522: 0x40ec,
  MPTC: 0x40f0,
  BPTC: 0x40f4,
  TSCTC: 0x40f8,
};

/** Those that take what a driver writes, with the bits that it has there. */
const writable: readonly (readonly [number, number])[] = [
  [reg.VET, 0xffff],
  [reg.TDBAL, 0xfffffff0],
  [reg.RDBAL, 0xfffffff0],
  [reg.TDLEN, 0xfff80],
  [reg.RDLEN, 0xfff80],
  [0x0410, 0x3fffffff],
  [0x1000, 0x3f],
  [reg.MTA + 16, 0xffffffff],
  [reg.RA + 8, 0xffffffff],
  [reg.VFTA + 12, 0xffffffff],
  [reg.RXCSUM, 0x7ff],
  [reg.IMS, 0xd7],
  [reg.IMC, 0xd7],
];

export const plugE1000 = plugNic((rig, options) => new E1000(rig.model, options));

export const driveE1000 = async (session: Session): Promise<void> => {
  const {pc} = session;
  const base = findNic(session).bar(0);
  const sent = {count: 0};
  let tail = 0;
  let bufferAt = TX_BUFFERS;
  const read = (register: number, what = register.toString(16)): number => {
    const value = pc.io.readMemory(base + register, 4);
    session.note(what, value);
    return value;
  };
  const write = (register: number, value: number): void => pc.io.writeMemory(base + register, 4, value >>> 0);
  const dump = (table: Readonly<Record<string, number>>): void => {
    for (const [name, offset] of Object.entries(table)) read(offset, name);
    session.lines();
  };
  const put = (words: readonly number[]): void => {
    const bytes = Buffer.alloc(16);
    for (const [index, word] of words.entries()) bytes.writeUInt32LE(word >>> 0, index * 4);
    pc.writeBytes(TX + tail * 16, bytes);
    tail = (tail + 1) % ENTRIES;
  };
  const putBytes = (bytes: Uint8Array, command: number, upper = 0): void => {
    pc.writeBytes(bufferAt, bytes);
    put([bufferAt, 0, command | bytes.length, upper]);
    bufferAt += 0x10000;
    if (bufferAt > 0x3f0000) bufferAt = TX_BUFFERS;
  };
  /** Hands over what was put, and looks at frames, descriptors and causes. */
  const send = async (frames: number): Promise<void> => {
    write(reg.TDT, tail);
    await noteSent(session, sent, frames);
    read(reg.TDH, 'TDH');
    session.memory('descriptors', TX, ENTRIES * 16);
    session.lines();
    read(reg.ICR, 'ICR');
    session.lines();
  };

  session.step('after power on');
  dump(shown);
  session.step('EERD');
  for (let word = 0; word < 64; word++) {
    write(reg.EERD, (word << 8) | 1);
    read(reg.EERD, `word ${word}`);
  }
  session.step('MDIC');
  for (const phy of [1, 2]) {
    for (let register = 0; register < 32; register++) {
      write(reg.MDIC, (1 << 27) | (phy << 21) | (register << 16));
      read(reg.MDIC, `PHY ${phy}, ${register}`);
    }
  }
  session.step('CTRL.RST');
  write(reg.CTRL, 1 << 26);
  dump(shown);

  write(reg.CTRL, 0x00140240);

  session.step('causes');
  write(reg.IMS, 0x95);
  read(reg.IMS);
  for (const causes of [0x01, 0x10, 0x02, 0x80]) {
    write(reg.ICS, causes);
    session.lines();
    read(reg.ICR);
    session.lines();
  }
  write(reg.ICS, 0x91);
  write(reg.ICR, 0x80);
  session.lines();
  write(reg.IMC, 0x11);
  session.lines();
  read(reg.IMS);
  read(reg.ICR);

  write(reg.TDBAL, TX);
  write(reg.TDLEN, ENTRIES * 16);
  write(reg.TDH, 0);
  write(reg.TDT, 0);
  write(reg.TCTL, 0x0004010a);
  write(reg.IMS, TXDW | RXT0);
  session.step('a legacy descriptor');
  putBytes(frameOf(PEER_MAC, NIC_MAC, 100, 1), EOP | RS | (1 << 25));
  await send(1);
  session.step('a frame of three');
  const parts = frameOf(PEER_MAC, NIC_MAC, 1200, 2);
  putBytes(parts.subarray(0, 14), 1 << 25);
  putBytes(parts.subarray(14, 700), 1 << 25);
  putBytes(parts.subarray(700), EOP | RS | (1 << 25));
  await send(1);
  session.step('a legacy checksum');
  const summed = packet([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
  summed.fill(0, 24, 26);
  putBytes(summed.subarray(0, 34), 1 << 25);
  putBytes(summed.subarray(34), EOP | RS | (1 << 25));
  await send(1);
  for (const [name, protocol, context] of [
    ['TCP', 6, TCP_CONTEXT | (16 << 16)],
    ['UDP', 17, UDP_CONTEXT | (6 << 16)],
  ] as const) {
    session.step(`checksums of IP and ${name}`);
    const frame = packet([...Array(101).keys()], protocol);
    const start = context & 0xff;
    const sum = (context >>> 8) & 0xff;
    frame.fill(0, 24, 26);
    put([IP_CONTEXT, start | (sum << 8), DEXT | (protocol === 6 ? TCP : 0) | IPV4, 0]);
    putBytes(frame, EOP | RS | DATA | (1 << 25), IXSM | TXSM);
    await send(1);
  }
  session.step('segmentation');
  const large = packet([...Array(4000).keys()].map((i) => i & 0xff));
  put([IP_CONTEXT, TCP_CONTEXT, DEXT | TSE | TCP | IPV4 | 4000, (54 << 8) | (1448 << 16)]);
  putBytes(large.subarray(0, 54), DATA | TSE, IXSM | TXSM);
  putBytes(large.subarray(54), EOP | RS | DATA | TSE | (1 << 25));
  await send(3);
  session.step('segmentation, options in the last descriptor alone');
  putBytes(large.subarray(0, 54), DATA | TSE);
  putBytes(large.subarray(54), EOP | RS | DATA | TSE | (1 << 25), IXSM | TXSM);
  await send(3);
  session.step('VLAN');
  write(reg.CTRL, pc.io.readMemory(base + reg.CTRL, 4) | (1 << 30));
  putBytes(frameOf(PEER_MAC, NIC_MAC, 100, 3), EOP | RS | VLE | (1 << 25), 0x0123 << 16);
  await send(1);
  write(reg.CTRL, pc.io.readMemory(base + reg.CTRL, 4) & ~(1 << 30));

  session.step('reception');
  for (let i = 0; i < ENTRIES; i++) {
    const bytes = Buffer.alloc(16);
    bytes.writeUInt32LE(RX_BUFFERS + i * BUFFER_BYTES, 0);
    pc.writeBytes(RX + i * 16, bytes);
  }
  pc.writeBytes(RX_BUFFERS, new Uint8Array(ENTRIES * BUFFER_BYTES));
  write(reg.RDBAL, RX);
  write(reg.RDLEN, ENTRIES * 16);
  write(reg.RDH, 0);
  write(reg.RDT, ENTRIES - 1);
  write(reg.RXCSUM, 0x300);
  write(reg.RCTL, RECEIVE);
  const arrivals = [
    frameOf(NIC_MAC, PEER_MAC, 60, 1),
    frameOf(BROADCAST, PEER_MAC, 61, 2),
    frameOf(NIC_MAC, PEER_MAC, 1514, 3),
    frameOf(NIC_MAC, PEER_MAC, 42, 4),
    frameOf(NIC_MAC, PEER_MAC, 1000, 5),
  ];
  for (const [index, frame] of arrivals.entries()) {
    session.step(`reception of ${frame.length}`);
    pc.peer.deliver(frame);
    await pc.until(() => pc.io.readMemory(base + reg.RDH, 4) === index + 1);
    read(reg.RDH, 'RDH');
    session.lines();
    read(reg.ICR, 'ICR');
    session.lines();
    const descriptor = Buffer.from(pc.readBytes(RX + index * 16, 16));
    session.note('length', descriptor.readUInt16LE(8));
    session.note('checksum', descriptor.readUInt16LE(10));
    session.note('status', descriptor.readUInt8(12));
    session.note('errors and VLAN', descriptor.readUIntLE(13, 3));
    session.memory('buffer', RX_BUFFERS + index * BUFFER_BYTES, frame.length);
    session.memory('FCS', RX_BUFFERS + index * BUFFER_BYTES + Math.max(60, frame.length), 4);
  }
  session.step('not for us');
  pc.peer.deliver(frameOf(Uint8Array.of(0, 0x16, 0x3e, 9, 9, 9), PEER_MAC, 100));
  pc.peer.deliver(frameOf(NIC_MAC, PEER_MAC, 101, 7));
  await pc.until(() => pc.io.readMemory(base + reg.RDH, 4) === arrivals.length + 1);
  read(reg.RDH, 'RDH');
  read(reg.ICR, 'ICR');
  session.step('statistics');
  dump(statistics);
  session.step('statistics, cleared');
  dump(statistics);
  session.step('after all');
  write(reg.RCTL, 0);
  write(reg.TCTL, 0);
  dump(shown);

  session.step('random');
  const random = numbersFrom(82540);
  for (let i = 0; i < 400; i++) {
    const [register, mask] = writable[random(writable.length)];
    if (random(2) === 0) write(register, random(2 ** 32) & mask);
    if (register !== reg.IMC) read(register);
  }
};
