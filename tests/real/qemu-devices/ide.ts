import {plugChipset} from '../../../backends/emulated/chipset/index.ts';
import {PiixIde} from '../../../backends/emulated/ide/index.ts';
import {RamImage, vectorOf} from '../../../backends/storage/index.ts';
import {setUpPci} from '../../../frontends/emulated/firmware.ts';
import {PCI_COMMAND_MASTER, scanPci} from '../../../frontends/emulated/pci.ts';
import type {EmulatedRig} from '../../support/emulated-rig.ts';
import {pattern} from '../../support/ide-rig.ts';
import {noPeer, type Peer} from './pc.ts';
import {numbersFrom, type Session} from './session.ts';

const DISK_BYTES = 20_000 * 512;
const CD_BYTES = 1 << 20;
const PRDS = 0x110000;
const BUFFER = 0x200000;
const BSY = 0x80;
const DRQ = 0x08;
const ERR = 0x01;
const DSC = 0x10;
/** Those that were always 1 once. */
const OBSOLETE_DEVICE_BITS = 0xa0;
const RANDOM_COMMANDS = 40;

/** What both disks, and both CDs, begin with. */
export const diskContents = (): Uint8Array => pattern(DISK_BYTES);
export const cdContents = (): Uint8Array => pattern(CD_BYTES, 5);

export const plugIde = ({model}: EmulatedRig): Peer => {
  plugChipset(model);
  const [disk, cd] = [diskContents(), cdContents()].map((bytes) => {
    const image = new RamImage(bytes.length);
    image.write(vectorOf(bytes), 0);
    return image;
  });
  new PiixIde(model, {
    units: [{kind: 'disk', storage: disk, serial: 'SN1'}, undefined, {kind: 'cdrom', storage: cd, serial: 'CD1'}],
  }).plug();
  return noPeer;
};

/** Parameters of a command. */
interface TaskFile {
  readonly features?: number;
  readonly count?: number;
  readonly lba?: number;
  readonly device?: number;
}

/** After an error the bit that once said that a seek was complete says nothing. */
const meaningful = (status: number): number => ((status & ERR) === 0 ? status : status & ~DSC);

/** A channel, driven as the drivers of its time do. */
class Channel {
  readonly session: Session;
  readonly port: number;
  readonly control: number;
  readonly master: number;

  constructor(session: Session, channel: number, masters: number) {
    this.session = session;
    this.port = [0x1f0, 0x170][channel];
    this.control = [0x3f6, 0x376][channel];
    this.master = masters + channel * 8;
  }

  write(register: number, value: number): void {
    this.session.out(this.port + register, value);
  }

  read(register: number): number {
    return this.session.in(this.port + register);
  }

  idle(): Promise<void> {
    return this.session.pc.until(() => (this.session.pc.io.readPort(this.control, 1) & BSY) === 0);
  }

  /**
   * What a driver may look at, Status last, as it ends the interrupt. Where a command went well, count and address mean
   * something only after those that return them so: `outputs`. @see ATA/ATAPI-7, "Normal outputs"
   */
  look(outputs = false): void {
    const {session} = this;
    const status = this.alternateStatus();
    session.lines();
    const registers = outputs || (status & ERR) !== 0 ? [1, 2, 3, 4, 5] : [1];
    for (const register of registers) this.read(register);
    session.note('Device', session.pc.io.readPort(this.port + 6, 1) & ~OBSOLETE_DEVICE_BITS);
    session.note('Status', meaningful(session.pc.io.readPort(this.port + 7, 1)));
    session.lines();
  }

  alternateStatus(): number {
    const status = meaningful(this.session.pc.io.readPort(this.control, 1));
    this.session.note('Alternate Status', status);
    return status;
  }

  issue(opcode: number, {features = 0, count = 0, lba = 0, device = 0x40}: TaskFile = {}): void {
    this.write(6, device | ((device & 0x40) === 0 ? 0 : (lba >>> 24) & 0x0f));
    this.address(features, count, lba);
    this.write(7, opcode);
  }

  issueExt(opcode: number, {count = 0, lba = 0}: TaskFile = {}): void {
    this.write(6, 0x40);
    this.address(0, count >>> 8, Math.floor(lba / 2 ** 24));
    this.address(0, count, lba % 2 ** 24);
    this.write(7, opcode);
  }

  async command(opcode: number, file: TaskFile = {}): Promise<void> {
    this.issue(opcode, file);
    await this.idle();
    this.look(true);
  }

  /** Blocks of a PIO read, until there is no more. */
  async readBlocks(blockBytes: number): Promise<void> {
    await this.idle();
    for (let block = 0; (this.alternateStatus() & DRQ) !== 0; block++) {
      this.look();
      const bytes = Buffer.alloc(blockBytes);
      for (let at = 0; at < blockBytes; at += 2) bytes.writeUInt16LE(this.session.pc.io.readPort(this.port, 2), at);
      this.session.note(`block ${block}`, bytes.toString('hex'));
      await this.idle();
    }
    this.look();
  }

  async writeBlocks(data: Uint8Array, blockBytes: number): Promise<void> {
    await this.idle();
    for (let from = 0; from < data.length && (this.alternateStatus() & DRQ) !== 0; from += blockBytes) {
      this.session.lines();
      const end = Math.min(data.length, from + blockBytes);
      for (let at = from; at < end; at += 2) this.session.out(this.port, data[at] | (data[at + 1] << 8), 2);
      await this.idle();
      this.look();
    }
  }

  /** Runs the bus master over regions for a command that was issued by `issue`. */
  async dma(toMemory: boolean, regions: readonly {address: number; bytes: number}[], issue: () => void): Promise<void> {
    const {session} = this;
    const table = Buffer.alloc(regions.length * 8);
    for (const [index, {address, bytes}] of regions.entries()) {
      table.writeUInt32LE(address, index * 8);
      table.writeUInt32LE(((bytes & 0xffff) | (index === regions.length - 1 ? 0x80000000 : 0)) >>> 0, index * 8 + 4);
    }
    session.pc.writeBytes(PRDS, table);
    session.out(this.master + 4, PRDS, 4);
    session.out(this.master, toMemory ? 8 : 0);
    session.out(this.master + 2, session.pc.io.readPort(this.master + 2, 1) | 6);
    this.lookAtMaster();
    issue();
    session.out(this.master, toMemory ? 9 : 1);
    await session.pc.until(() => {
      const status = session.pc.io.readPort(this.master + 2, 1);
      return (status & 4) !== 0 || (status & 1) === 0;
    });
    await this.idle();
    this.lookAtMaster();
    session.out(this.master, toMemory ? 8 : 0);
    this.lookAtMaster();
    this.look();
    session.out(this.master + 2, 6);
    this.lookAtMaster();
  }

  lookAtMaster(): void {
    this.session.in(this.master, 1, 'BMIC');
    this.session.in(this.master + 2, 1, 'BMIS');
    this.session.in(this.master + 4, 4, 'BMIDTP');
  }

  /** Sends a packet to a CD drive and reads what comes by PIO. */
  async packet(hex: string, limit = 0xfffe): Promise<void> {
    this.issue(0xa0, {lba: limit << 8, device: 0});
    await this.idle();
    this.look();
    this.sendPacket(hex);
    await this.idle();
    for (let burst = 0; (this.alternateStatus() & DRQ) !== 0; burst++) {
      this.look();
      const length =
        this.session.pc.io.readPort(this.port + 4, 1) | (this.session.pc.io.readPort(this.port + 5, 1) << 8);
      const bytes = Buffer.alloc(length + (length & 1));
      for (let at = 0; at < length; at += 2) bytes.writeUInt16LE(this.session.pc.io.readPort(this.port, 2), at);
      for (let at = 0; at < length; at += 32) {
        this.session.note(`byte ${burst === 0 ? at : 'more'}`, bytes.toString('hex', at, Math.min(length, at + 32)));
      }
      await this.idle();
    }
    this.look();
  }

  sendPacket(hex: string): void {
    const packet = Buffer.alloc(12);
    Buffer.from(hex.replaceAll(' ', ''), 'hex').copy(packet);
    for (let at = 0; at < 12; at += 2) this.session.out(this.port, packet.readUInt16LE(at), 2);
  }

  async identify(opcode: number): Promise<void> {
    this.issue(opcode);
    await this.idle();
    this.look();
    for (let word = 0; word < 256; word++) this.session.note(`word ${word}`, this.session.pc.io.readPort(this.port, 2));
    this.look();
  }

  private address(features: number, count: number, lba: number): void {
    this.write(1, features & 0xff);
    this.write(2, count & 0xff);
    this.write(3, lba & 0xff);
    this.write(4, (lba >>> 8) & 0xff);
    this.write(5, (lba >>> 16) & 0xff);
  }
}

const softReset = async (channel: Channel): Promise<void> => {
  channel.session.out(channel.control, 0x04);
  channel.session.in(channel.control, 1, 'Alternate Status in it');
  channel.session.out(channel.control, 0x00);
  await channel.idle();
  channel.session.note('lines after it', channel.session.pc.lines().join(' '));
  channel.read(7);
  channel.look(true);
};

export const driveIde = async (session: Session): Promise<void> => {
  const {pc} = session;
  setUpPci(pc.io);
  const pci = scanPci(pc.io).find(({deviceId}) => deviceId === 0x7010);
  if (pci === undefined) throw new Error('no IDE function');
  pci.enable(PCI_COMMAND_MASTER);
  const masters = pci.bar(4);
  session.step('PCI');
  for (const [offset, what] of [
    [0x00, 'identity'],
    [0x04, 'command and status'],
    [0x08, 'class'],
    [0x20, 'BAR4'],
  ] as const) {
    session.note(what, pci.readConfig(offset, 4));
  }
  await driveDisk(new Channel(session, 0, masters));
  await driveCd(new Channel(session, 1, masters));
};

const driveDisk = async (disk: Channel): Promise<void> => {
  const {session} = disk;
  const step = (name: string): void => session.step(name);

  step('SRST');
  await softReset(disk);

  step('no slave');
  disk.write(6, 0xf0);
  session.in(disk.control);
  disk.read(7);
  disk.write(6, 0x40);
  disk.read(6);
  disk.look();

  step('IDENTIFY DEVICE');
  await disk.identify(0xec);

  step('READ SECTOR(S)');
  disk.issue(0x20, {count: 3, lba: 1000});
  await disk.readBlocks(512);

  step('READ SECTOR(S) by CHS');
  disk.issue(0x20, {count: 1, lba: 0x000105, device: 0x02});
  await disk.readBlocks(512);

  step('WRITE SECTOR(S)');
  disk.issue(0x30, {count: 3, lba: 2000});
  await disk.writeBlocks(pattern(3 * 512, 3), 512);
  disk.issue(0x20, {count: 4, lba: 2000});
  await disk.readBlocks(512);

  step('SET MULTIPLE MODE');
  for (const count of [3, 32, 0, 16]) await disk.command(0xc6, {count});

  step('READ MULTIPLE');
  disk.issue(0xc4, {count: 32, lba: 100});
  await disk.readBlocks(16 * 512);

  step('WRITE MULTIPLE');
  disk.issue(0xc5, {count: 20, lba: 300});
  await disk.writeBlocks(pattern(20 * 512, 9), 16 * 512);
  disk.issue(0x20, {count: 20, lba: 300});
  await disk.readBlocks(512);

  step('READ MULTIPLE off');
  await disk.command(0xc6, {count: 0});
  disk.issue(0xc4, {count: 1, lba: 100});
  await disk.readBlocks(512);

  step('READ SECTOR(S) EXT');
  disk.issueExt(0x24, {count: 2, lba: 15_000});
  await disk.readBlocks(512);
  step('HOB');
  disk.issueExt(0x42, {count: 1, lba: 19_000});
  await disk.idle();
  session.out(disk.control, 0x80);
  for (const register of [2, 3, 4, 5]) disk.read(register);
  session.out(disk.control, 0);
  for (const register of [2, 3, 4, 5]) disk.read(register);
  disk.read(7);

  step('WRITE SECTOR(S) EXT');
  disk.issueExt(0x34, {count: 1, lba: 15_001});
  await disk.writeBlocks(pattern(512, 77), 512);

  step('beyond the end');
  // All of it: of an extent that ends beyond, drives may refuse all, as ours, or send what there is, as QEMU's.
  for (const lba of [20_000, 0x0fffffff]) {
    step(`beyond the end, READ ${lba}`);
    disk.issue(0x20, {count: 2, lba});
    await disk.readBlocks(512);
    step(`beyond the end, VERIFY ${lba}`);
    await disk.command(0x40, {count: 2, lba});
  }

  const noData = [
    ['NOP', 0x00, {}],
    ['RECALIBRATE', 0x10, {}],
    ['READ VERIFY', 0x40, {count: 8, lba: 10}],
    ['SEEK', 0x70, {lba: 10}],
    ['DIAGNOSTIC', 0x90, {}],
    ['INITIALIZE DEVICE PARAMETERS', 0x91, {count: 63, device: 0x0f}],
    ['IDLE IMMEDIATE', 0xe1, {}],
    ['STANDBY IMMEDIATE', 0xe0, {}],
    ['CHECK POWER MODE', 0xe5, {}],
    ['FLUSH CACHE', 0xe7, {}],
    ['FLUSH CACHE EXT', 0xea, {}],
    ['READ NATIVE MAX ADDRESS', 0xf8, {}],
    ['SET FEATURES, PIO 4', 0xef, {features: 3, count: 0x0c}],
    ['SET FEATURES, MWDMA 2', 0xef, {features: 3, count: 0x22}],
    ['SET FEATURES, UDMA 5', 0xef, {features: 3, count: 0x45}],
    ['SET FEATURES, mode 77', 0xef, {features: 3, count: 0x77}],
    ['SET FEATURES, write cache', 0xef, {features: 2}],
    ['SET FEATURES, no write cache', 0xef, {features: 0x82}],
    ['SET FEATURES, look-ahead', 0xef, {features: 0xaa}],
    ['SET FEATURES, 0x99', 0xef, {features: 0x99}],
    ['SMART ENABLE', 0xb0, {features: 0xd8, lba: 0xc24f00}],
    ['SMART STATUS', 0xb0, {features: 0xda, lba: 0xc24f00}],
    ['SMART, no key', 0xb0, {features: 0xda}],
    ['unknown', 0x9f, {}],
    ['PACKET', 0xa0, {}],
    ['IDENTIFY PACKET DEVICE', 0xa1, {}],
    ['DEVICE RESET', 0x08, {}],
  ] as const;
  for (const [name, opcode, file] of noData) {
    step(name);
    await disk.command(opcode, file);
  }
  step('after SET FEATURES');
  await disk.command(0xef, {features: 2});
  await disk.identify(0xec);

  step('nIEN');
  session.out(disk.control, 2);
  await disk.command(0xe7);
  session.out(disk.control, 0);
  session.lines();
  disk.issue(0xe7);
  await disk.idle();
  session.lines();
  session.out(disk.control, 2);
  session.lines();
  session.out(disk.control, 0);
  disk.look();

  await driveBusMaster(disk);
  await driveRandomly(disk);
  step('SRST at the end');
  disk.issue(0x20, {count: 2, lba: 0});
  await disk.idle();
  await softReset(disk);
};

const driveBusMaster = async (disk: Channel): Promise<void> => {
  const {session} = disk;
  const {pc} = session;
  const one = (bytes: number) => [{address: BUFFER, bytes}];
  const clear = (): void => pc.writeBytes(BUFFER, new Uint8Array(32768));

  session.step('READ DMA');
  clear();
  const parts = [
    {address: BUFFER + 0x2000, bytes: 1024},
    {address: BUFFER + 2, bytes: 510},
    {address: BUFFER + 0x4000, bytes: 514 + 2048},
  ];
  await disk.dma(true, parts, () => disk.issue(0xc8, {count: 8, lba: 500}));
  session.memory('memory', BUFFER, 32768);

  session.step('WRITE DMA');
  pc.writeBytes(BUFFER, pattern(4096, 42));
  await disk.dma(false, one(4096), () => disk.issue(0xca, {count: 8, lba: 600}));
  clear();
  session.step('READ DMA EXT');
  await disk.dma(true, one(8192), () => disk.issueExt(0x25, {count: 16, lba: 598}));
  session.memory('memory', BUFFER, 8192);
  session.step('WRITE DMA EXT');
  await disk.dma(false, one(512), () => disk.issueExt(0x35, {count: 1, lba: 599}));

  session.step('a table of 64 KiB');
  await disk.dma(true, [{address: BUFFER, bytes: 0x10000}], () => disk.issue(0xc8, {count: 128, lba: 0}));
  session.memory('memory', BUFFER, 0x10000);

  session.step('a table with room left');
  clear();
  await disk.dma(true, one(8192), () => disk.issue(0xc8, {count: 8, lba: 500}));
  session.memory('memory', BUFFER, 8192);

  session.step('READ DMA beyond the end');
  clear();
  await disk.dma(true, one(4096), () => disk.issue(0xc8, {count: 8, lba: 19_998}));
  session.memory('memory', BUFFER, 4096);

  session.step('WRITE DMA EXT beyond the end');
  await disk.dma(false, one(4096), () => disk.issueExt(0x35, {count: 8, lba: 20_001}));

  session.step('a table that is too short');
  clear();
  await disk.dma(true, one(1024), () => disk.issue(0xc8, {count: 8, lba: 500}));
  session.memory('memory', BUFFER, 4096);
  session.step('SRST after it');
  await softReset(disk);
};

const driveRandomly = async (disk: Channel): Promise<void> => {
  const {session} = disk;
  const random = numbersFrom(7010);
  session.step('random task files');
  for (let i = 0; i < 200; i++) {
    const register = 1 + random(5);
    if (random(2) === 0) disk.read(register);
    else disk.write(register, random(256));
  }
  for (let i = 0; i < RANDOM_COMMANDS; i++) {
    const count = 1 + random(20);
    const lba = random(19_900);
    session.step(`random command ${i}`);
    const kind = random(6);
    const regions = [{address: BUFFER, bytes: count * 512}];
    if (kind === 0) {
      disk.issue(0x20, {count, lba});
      await disk.readBlocks(512);
    } else if (kind === 1) {
      disk.issue(0x30, {count, lba});
      await disk.writeBlocks(pattern(count * 512, i), 512);
    } else if (kind === 2) {
      disk.issueExt(0x24, {count, lba});
      await disk.readBlocks(512);
    } else if (kind === 3) {
      await disk.dma(true, regions, () => disk.issue(0xc8, {count, lba}));
      session.memory('memory', BUFFER, count * 512);
    } else if (kind === 4) {
      await disk.dma(false, regions, () => disk.issueExt(0x35, {count, lba}));
    } else await disk.command(0x40, {count, lba});
  }
};

const driveCd = async (cd: Channel): Promise<void> => {
  const {session} = cd;
  const step = (name: string): void => session.step(`CD, ${name}`);
  step('SRST');
  await softReset(cd);
  step('IDENTIFY DEVICE');
  await cd.command(0xec);
  step('READ SECTOR(S)');
  await cd.command(0x20, {count: 1});
  step('DEVICE RESET');
  cd.issue(0x08, {device: 0});
  await cd.idle();
  cd.look();
  step('IDENTIFY PACKET DEVICE');
  await cd.identify(0xa1);
  // Ours has a unit attention after power on, QEMU's only after a change of media.
  cd.issue(0xa0, {device: 0});
  await cd.idle();
  cd.sendPacket('00');
  await cd.idle();
  session.pc.io.readPort(cd.port + 7, 1);
  for (const [name, packet] of [
    ['TEST UNIT READY', '00'],
    ['REQUEST SENSE', '03 00 00 00 12'],
    ['INQUIRY', '12 00 00 00 24'],
    ['READ CAPACITY', '25'],
    ['READ(10)', '28 00 00 00 00 10 00 00 02'],
    ['READ(12)', 'a8 00 00 00 00 10 00 00 00 02'],
    ['READ(10) of nothing', '28 00 00 00 00 10 00 00 00'],
    ['READ(10) beyond the end', '28 00 00 00 02 00 00 00 01'],
    ['sense of it', '03 00 00 00 12'],
    ['unknown', 'ff'],
    ['its sense', '03 00 00 00 12'],
    ['READ TOC', '43 02 00 00 00 00 00 00 40'],
    ['READ TOC, sessions', '43 00 01 00 00 00 00 00 0c'],
    ['MODE SENSE(10), errors', '5a 00 01 00 00 00 00 00 10'],
    ['MODE SENSE(10), capabilities', '5a 00 2a 00 00 00 00 00 80'],
    ['PREVENT REMOVAL', '1e 00 00 00 01'],
    ['ALLOW REMOVAL', '1e 00 00 00 00'],
    ['GET CONFIGURATION', '46 02 00 00 00 00 00 00 10'],
    ['GET EVENT STATUS', '4a 01 00 00 10 00 00 00 08'],
    ['MECHANISM STATUS', 'bd 00 00 00 00 00 00 00 00 08'],
  ] as const) {
    step(name);
    await cd.packet(packet);
  }
  step('READ(10) in bursts');
  await cd.packet('28 00 00 00 00 20 00 00 03', 0x1000);
  step('READ(10) by DMA');
  session.pc.writeBytes(BUFFER, new Uint8Array(8192));
  await cd.dma(true, [{address: BUFFER, bytes: 8192}], () => {
    cd.issue(0xa0, {features: 1, device: 0});
    cd.sendPacket('28 00 00 00 00 30 00 00 04');
  });
  session.memory('memory', BUFFER, 8192);
  step('SRST at the end');
  await softReset(cd);
};
