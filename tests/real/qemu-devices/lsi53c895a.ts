import {Lsi53c895a} from '../../../backends/emulated/lsi53c895a/index.ts';
import {DiskUnit} from '../../../backends/scsi/target/index.ts';
import {RamImage} from '../../../backends/storage/index.ts';
import * as a from '../../../frontends/emulated/lsi53c895a/assembler.ts';
import {setUpPci} from '../../../frontends/emulated/firmware.ts';
import {PCI_COMMAND_MASTER, scanPci} from '../../../frontends/emulated/pci.ts';
import type {IoSize} from '../../../hypervisor/ioreq/index.ts';
import type {EmulatedRig} from '../../support/emulated-rig.ts';
import {noPeer, type Peer} from './pc.ts';
import {numbersFrom, type Session} from './session.ts';

export const LSI_SLOT = 4;
export const LSI_DISK_BYTES = 1 << 20;
/** Of the disk on the SCSI bus. */
export const LSI_TARGET = 2;

const TABLE = 0x200000;
const SCRIPT = 0x210000;
const DATA_BYTES = 36;
const SCNTL2 = 0x02;
const [DSA, ISTAT, DSP, DSPS, SCRATCHA, DIEN, SIEN, SIST] = [0x10, 0x14, 0x2c, 0x30, 0x34, 0x39, 0x40, 0x42];
const DSTAT = 0x0c;
const STOPPED = 0x03;

const registers: Readonly<Record<string, readonly [number, IoSize]>> = {
  SCNTL0: [0x00, 1],
  SCNTL1: [0x01, 1],
  SCNTL2: [0x02, 1],
  SCNTL3: [0x03, 1],
  SCID: [0x04, 1],
  SXFER: [0x05, 1],
  SDID: [0x06, 1],
  GPREG: [0x07, 1],
  SFBR: [0x08, 1],
  SSID: [0x0a, 1],
  SBCL: [0x0b, 1],
  SSTAT0: [0x0d, 1],
  SSTAT1: [0x0e, 1],
  SSTAT2: [0x0f, 1],
  DSA: [0x10, 4],
  ISTAT0: [0x14, 1],
  ISTAT1: [0x15, 1],
  CTEST1: [0x19, 1],
  CTEST2: [0x1a, 1],
  CTEST3: [0x1b, 1],
  TEMP: [0x1c, 4],
  DFIFO: [0x20, 1],
  CTEST4: [0x21, 1],
  CTEST5: [0x22, 1],
  DSP: [0x2c, 4],
  DSPS: [0x30, 4],
  SCRATCHA: [0x34, 4],
  DMODE: [0x38, 1],
  DIEN: [0x39, 1],
  DCNTL: [0x3b, 1],
  SIEN: [0x40, 2],
  MACNTL: [0x46, 1],
  GPCNTL: [0x47, 1],
  STIME0: [0x48, 1],
  RESPID: [0x4a, 2],
  STEST0: [0x4c, 1],
  STEST1: [0x4d, 1],
  STEST3: [0x4f, 1],
  STEST4: [0x52, 1],
  CCNTL0: [0x56, 1],
  CCNTL1: [0x57, 1],
  SCRATCHB: [0x5c, 4],
  SCRATCHR: [0x9c, 4],
};

/** What a driver sets up, with the bits that it has there. */
const writable: readonly (readonly [string, number])[] = [
  ['SCNTL3', 0xff],
  ['SXFER', 0xff],
  ['SCID', 0x6f],
  ['DSA', 0xffffffff],
  ['TEMP', 0xffffffff],
  ['SCRATCHA', 0xffffffff],
  ['SCRATCHR', 0xffffffff],
  ['DIEN', 0x7f],
  ['SIEN', 0x17ff],
  ['STIME0', 0xff],
  ['RESPID', 0xffff],
];

export const plugLsi = (rig: EmulatedRig): Peer => {
  const lsi = new Lsi53c895a(rig.model, {initiatorName: 'guest'});
  lsi.attach({id: LSI_TARGET, lun: 0}, new DiskUnit({storage: new RamImage(LSI_DISK_BYTES), serial: 'A'}));
  lsi.plug(LSI_SLOT);
  return noPeer;
};

export const driveLsi = async (session: Session): Promise<void> => {
  const {pc} = session;
  setUpPci(pc.io);
  const pci = scanPci(pc.io).find(({device}) => device === LSI_SLOT);
  if (pci === undefined) throw new Error('no LSI adapter');
  pci.enable(PCI_COMMAND_MASTER);
  session.step('PCI');
  for (const offset of [0x00, 0x08]) session.note(`configuration ${offset}`, pci.readConfig(offset, 4));
  const [base, ram] = [pci.bar(1), pci.bar(2)];
  const access = (offset: number, size: IoSize): number => pc.io.readMemory(base + offset, size);
  const read = (name: string): void => session.note(name, access(...registers[name]));
  const write = (offset: number, size: IoSize, value: number): void => pc.io.writeMemory(base + offset, size, value);
  const dump = (): void => {
    for (const name of Object.keys(registers)) read(name);
    session.lines();
  };
  /** Runs a program until it stops, and takes its interrupts. */
  const run = async (program: a.Program): Promise<void> => {
    const {words} = a.assemble(program, SCRIPT);
    pc.writeBytes(SCRIPT, new Uint8Array(words.buffer));
    write(DIEN, 1, 0x35);
    write(SIEN, 2, 0x048f);
    write(DSP, 4, SCRIPT);
    await pc.until(() => (access(ISTAT, 1) & STOPPED) !== 0);
    session.lines();
    for (const name of ['ISTAT0', 'DSP', 'DSPS', 'SFBR', 'SSTAT1']) read(name);
    session.note('SIST', access(SIST, 2));
    session.note('DSTAT', access(DSTAT, 1));
    session.lines();
    read('ISTAT0');
  };
  /** A command to a target that sends so much, by a table: identify, CDB, data. */
  const command = async (target: number, cdb: readonly number[], dataBytes = 0): Promise<void> => {
    pc.writeBytes(TABLE, new Uint8Array(0x400));
    pc.writeBytes(TABLE + 0x100, Uint8Array.of(0x80));
    pc.writeBytes(TABLE + 0x110, Uint8Array.from(cdb));
    const table = [target << 16, 1, TABLE + 0x100, cdb.length, TABLE + 0x110, dataBytes, TABLE + 0x200];
    pc.writeBytes(TABLE, new Uint8Array(Uint32Array.from(table).buffer));
    write(DSA, 4, TABLE);
    await run({
      start: [a.selectAtnFrom(0, 0), a.int(1, a.unless('messageOut')), a.moveFrom(4, 'messageOut')],
      command: [a.int(2, a.unless('command')), a.moveFrom(12, 'command'), a.jump('status', a.unless('dataIn'))],
      data: [a.moveFrom(20, 'dataIn')],
      status: [a.int(3, a.unless('status')), a.move(1, TABLE + 0x300, 'status'), a.int(4, a.unless('messageIn'))],
      message: [a.move(1, TABLE + 0x301, 'messageIn'), a.registerToRegister(SCNTL2, 'and', 0x7f), a.clear('ack')],
      end: [a.waitDisconnect, a.int(5)],
    });
    for (let at = 0; at < DATA_BYTES; at += 4) session.memory(`byte ${at}`, TABLE + 0x200 + at, 4);
    session.memory('status and message', TABLE + 0x300, 2);
  };

  session.step('after power on');
  dump();
  session.step('SRST');
  write(SCRATCHA, 4, 0x12345678);
  write(ISTAT, 1, 0x40);
  write(ISTAT, 1, 0x00);
  dump();
  session.step('script RAM');
  pc.io.writeMemory(ram + 0xffc, 4, 0xdeadbeef);
  session.note('word', pc.io.readMemory(ram + 0xffc, 4));

  session.step('load and store');
  write(DSA, 4, TABLE);
  pc.writeBytes(TABLE, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8));
  await run({start: [a.load(SCRATCHA, {dsa: 4}), a.store(SCRATCHA, TABLE + 64), a.int(9)]});
  session.memory('stored', TABLE + 64, 4);
  read('SCRATCHA');
  session.step('memory move');
  await run({start: [[0xc0000008, TABLE, ram], [0xc0000004, ram + 4, TABLE + 128], a.int(10)]});
  session.memory('moved', TABLE + 128, 8);
  session.step('arithmetic');
  const set = (register: number, data: number): a.Line => [0x78000000 | (register << 16) | (data << 8), 0];
  await run({
    start: [
      set(SCRATCHA, 0xff),
      [0x7e000000 | (SCRATCHA << 16) | (2 << 8), 0],
      [0x7f000000 | ((SCRATCHA + 1) << 16) | (0x80 << 8), 0],
      set(SCRATCHA + 2, 0x80),
      a.registerToRegister(SCRATCHA + 2, 'or', 0x01),
      a.registerToSfbr(SCRATCHA + 2, 'and', 0x0f),
      a.int(11, a.ifByte(1)),
      a.int(12),
    ],
  });
  read('SCRATCHA');
  session.step('an interrupt on the fly');
  await run({start: [a.intFly, a.int(13)]});
  write(ISTAT, 1, 4);
  read('ISTAT0');

  session.step('INQUIRY');
  await command(LSI_TARGET, [0x12, 0, 0, 0, DATA_BYTES, 0], DATA_BYTES);
  for (const [name, cdb, dataBytes] of [
    ['TEST UNIT READY', [0, 0, 0, 0, 0, 0], 0],
    ['REQUEST SENSE', [3, 0, 0, 0, 18, 0], 18],
    ['TEST UNIT READY again', [0, 0, 0, 0, 0, 0], 0],
    ['READ CAPACITY', [0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0], 8],
    ['an unknown command', [0xff, 0, 0, 0, 0, 0], 0],
  ] as const) {
    session.step(name);
    await command(LSI_TARGET, cdb, dataBytes);
  }
  session.step('nobody there');
  await command(5, [0, 0, 0, 0, 0, 0]);
  session.step('less data than room');
  await command(LSI_TARGET, [3, 0, 0, 0, 18, 0], DATA_BYTES);
  write(ISTAT, 1, 0x40);
  write(ISTAT, 1, 0x00);

  session.step('random');
  const random = numbersFrom(895);
  for (let i = 0; i < 300; i++) {
    const [name, mask] = writable[random(writable.length)];
    const [offset, size] = registers[name];
    if (random(2) === 0) write(offset, size, (random(2 ** 32) & mask) >>> 0);
    read(name);
  }
  session.note('DSPS', access(DSPS, 4));
  session.step('SRST again');
  write(ISTAT, 1, 0x40);
  write(ISTAT, 1, 0x00);
  dump();
};
