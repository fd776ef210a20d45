import type {TrappedIo} from '../../../hypervisor/ioreq/index.ts';
import {type Assembled, assemble} from './assembler.ts';
import * as r from './registers.ts';
import {script} from './script.ts';

/** Why the script stopped. */
export interface StopCauses {
  /** SIST0 and, above it, SIST1. */
  readonly scsi: number;
  readonly dma: number;
}

/** The chip's registers and the script in its RAM. */
export class LsiChip {
  readonly code: Assembled;
  private readonly io: TrappedIo;
  private readonly registers: number;

  /** Physical addresses of the registers and of the RAM. */
  constructor(io: TrappedIo, registers: number, ram: number) {
    this.io = io;
    this.registers = registers;
    this.code = assemble(script, ram);
    for (const [i, word] of this.code.words.entries()) io.writeMemory(ram + i * 4, 4, word);
  }

  /** `slots`: address of the table of slots by tag; `queue`: of the first entry of the start queue. */
  start(slots: number, queue: number): void {
    this.writeVariable('slots', slots);
    this.restart(queue);
  }

  /** Resets chip and bus, and starts the script. */
  restart(queue: number): void {
    this.stop();
    this.write(r.SCNTL0, 1, r.SCNTL0_FULL_ARBITRATION);
    this.write(r.SCID, 1, 7 | r.SCID_RESELECTABLE);
    this.write(r.RESPID, 2, 1 << 7);
    this.write(r.DCNTL, 1, r.DCNTL_COM);
    this.write(r.STIME0, 1, r.STIME0_SELECTION);
    this.write(r.CCNTL0, 1, r.CCNTL0_ENPMJ);
    for (const register of [r.PMJAD1, r.PMJAD2]) this.write(register, 4, this.code.addressOf('mismatch'));
    this.write(r.SCNTL1, 1, r.SCNTL1_RST);
    this.write(r.SCNTL1, 1, 0);
    this.takeCauses();
    this.write(r.DIEN, 1, r.DIEN_ALL);
    this.write(r.SIEN, 2, r.SIEN_ALL);
    this.writeVariable('queue', queue);
    this.goOn();
  }

  /** A chip in reset does nothing, and forgets what it was told. */
  stop(): void {
    this.write(r.ISTAT, 1, r.ISTAT_SRST);
    this.write(r.ISTAT, 1, 0);
  }

  /** The script takes the next of the queue. */
  goOn(): void {
    this.write(r.DSP, 4, this.code.addressOf('getJob'));
  }

  /** There is something in the queue. */
  signal(): void {
    this.write(r.ISTAT, 1, r.ISTAT_SIGP);
  }

  /** Why it interrupts: bits of ISTAT, 0 when it does not. */
  acknowledge(): number {
    const causes = this.read(r.ISTAT, 1) & (r.ISTAT_INTF | r.ISTAT_SIP | r.ISTAT_DIP);
    if ((causes & r.ISTAT_INTF) === 0) return causes;
    this.write(r.ISTAT, 1, r.ISTAT_INTF | r.ISTAT_SIGP);
    // Reading pushes what the chip has written to memory before it.
    return causes | (this.read(r.ISTAT, 1) & (r.ISTAT_SIP | r.ISTAT_DIP));
  }

  takeCauses(): StopCauses {
    const scsi = this.read(r.SIST, 2);
    return {scsi, dma: this.read(r.DSTAT, 1) & r.DIEN_ALL};
  }

  /** Address of the slot that the script works on. */
  get currentSlot(): number {
    return this.io.readMemory(this.code.addressOf('current'), 4);
  }

  private writeVariable(label: string, value: number): void {
    this.io.writeMemory(this.code.addressOf(label), 4, value);
  }

  private read(register: number, size: 1 | 2 | 4): number {
    return this.io.readMemory(this.registers + register, size);
  }

  private write(register: number, size: 1 | 2 | 4, value: number): void {
    this.io.writeMemory(this.registers + register, size, value);
  }
}
