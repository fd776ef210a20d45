import type {TaskFile} from '../../support/ide-rig.ts';
import type {Session} from './session.ts';

const PRDS = 0x110000;
const BSY = 0x80;
const DRQ = 0x08;
const ERR = 0x01;
const DSC = 0x10;
/** Those that were always 1 once. */
const OBSOLETE_DEVICE_BITS = 0xa0;

/** After an error the bit that once said that a seek was complete says nothing. */
const meaningful = (status: number): number => ((status & ERR) === 0 ? status : status & ~DSC);

/** A channel, driven as the drivers of its time do. */
export class Channel {
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

export const softReset = async (channel: Channel): Promise<void> => {
  channel.session.out(channel.control, 0x04);
  channel.session.in(channel.control, 1, 'Alternate Status in it');
  channel.session.out(channel.control, 0x00);
  await channel.idle();
  channel.session.note('lines after it', channel.session.pc.lines().join(' '));
  channel.read(7);
  channel.look(true);
};
