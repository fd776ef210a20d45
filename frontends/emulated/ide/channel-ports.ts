import type {TrappedIo} from '../../../hypervisor/ioreq/index.ts';
import * as r from './registers.ts';
import type {AtaRequest} from './request.ts';

/** Where a channel is. */
export interface ChannelPlace {
  readonly command: number;
  readonly control: number;
  readonly busMaster: number;
  readonly irq: number;
}

/** Instructions that reach a channel's registers: each of them traps. */
export class ChannelPorts {
  private readonly io: TrappedIo;
  private readonly place: ChannelPlace;

  constructor(io: TrappedIo, place: ChannelPlace) {
    this.io = io;
    this.place = place;
  }

  read(register: number): number {
    return this.io.readPort(this.place.command + register, 1);
  }

  write(register: number, value: number): void {
    this.io.writePort(this.place.command + register, 1, value);
  }

  /** Status without taking the interrupt back. */
  get alternateStatus(): number {
    return this.io.readPort(this.place.control, 1);
  }

  writeControl(value: number): void {
    this.io.writePort(this.place.control, 1, value);
  }

  get busMasterStatus(): number {
    return this.io.readPort(this.place.busMaster + r.BM_STATUS, 1);
  }

  /** Forgets an interrupt or an error of the bus master. */
  clearBusMaster(): void {
    this.io.writePort(this.place.busMaster + r.BM_STATUS, 1, r.BM_INTERRUPT | r.BM_ERROR);
  }

  writeBusMaster(command: number): void {
    this.io.writePort(this.place.busMaster + r.BM_COMMAND, 1, command);
  }

  /** Physical address of the table of regions. */
  set busMasterTable(address: number) {
    this.io.writePort(this.place.busMaster + r.BM_TABLE, 4, address);
  }

  /** All parameters of a command but Device, and then the command. */
  writeCommand({opcode, features = 0, count = 0, lba = 0, ext = false}: AtaRequest): void {
    if (ext) this.writeAddress(features >>> 8, count >>> 8, Math.floor(lba / 2 ** 24));
    this.writeAddress(features, count, lba % 2 ** 24);
    this.write(r.COMMAND, opcode);
  }

  /** REP INS and REP OUTS of words, or where `single` one instruction a word. */
  readWords(address: number, bytes: number, memory: Uint16Array, single: boolean): void {
    const words = Math.ceil(bytes / 2);
    if (!single) return this.io.readPortString(this.dataPort, 2, address, words);
    for (let at = 0; at < words; at++) memory[address / 2 + at] = this.io.readPort(this.dataPort, 2);
  }

  writeWords(address: number, bytes: number, memory: Uint16Array, single: boolean): void {
    const words = Math.ceil(bytes / 2);
    if (!single) return this.io.writePortString(this.dataPort, 2, address, words);
    for (let at = 0; at < words; at++) this.io.writePort(this.dataPort, 2, memory[address / 2 + at]);
  }

  /** One word that nobody wants. */
  readWord(): void {
    this.io.readPort(this.dataPort, 2);
  }

  private get dataPort(): number {
    return this.place.command + r.DATA;
  }

  private writeAddress(features: number, count: number, lba: number): void {
    this.write(r.FEATURES, features & 0xff);
    this.write(r.SECTOR_COUNT, count & 0xff);
    this.write(r.LBA_LOW, lba & 0xff);
    this.write(r.LBA_MID, (lba >>> 8) & 0xff);
    this.write(r.LBA_HIGH, (lba >>> 16) & 0xff);
  }
}
