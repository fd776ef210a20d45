import type {IoSize} from '../../../hypervisor/ioreq/index.ts';
import type {Timer} from '../../../hypervisor/schedule/index.ts';
import type {LogicalUnit} from '../../scsi/target/index.ts';
import type {DeviceModel, IoDevice} from '../bus/index.ts';
import {PciFunction} from '../pci/index.ts';
import {RegisterFile} from '../registers/index.ts';
import {ChipMemory} from './chip-memory.ts';
import {Initiator} from './initiator.ts';
import {LsiInterrupts} from './interrupts.ts';
import type {ScriptsMachine} from './machine.ts';
import {ScriptsProcessor} from './processor.ts';
import * as r from './registers.ts';
import {MAX_ID, TargetBus} from './target-bus.ts';

const OWNER = 'lsi53c895a';
const IDENTITY = {
  vendorId: 0x1000,
  deviceId: 0x0012,
  classCode: 0x010000,
  subsystemVendorId: 0x1000,
  subsystemId: 0x1000,
};
const IO_BYTES = 0x100;
const REGISTERS_BYTES = 0x400;
const RAM_BYTES = 0x2000;
const COMMAND_MEMORY = 1 << 1;
/** SCID after reset. */
const OWN_ID = 7;
const MAX_LUN = 63;
/** Of the general purpose timer, which STIME1 doubles n times: what its users measure of a clock of 40 MHz. */
const GENERAL_TIMER_NS = 108_500;

export interface LsiOptions {
  /** What its targets know the guest as: reservations and unit attentions are kept by it. */
  readonly initiatorName: string;
}

/** An LSI Logic 53C895A SCSI adapter with a wide bus. @see LSI53C895A technical manual */
export class Lsi53c895a {
  private readonly model: DeviceModel;
  private readonly pci: PciFunction;
  private readonly registers: RegisterFile<r.LsiRegister>;
  private readonly scriptRam = new Uint8Array(RAM_BYTES);
  private readonly interrupts: LsiInterrupts;
  private readonly bus: TargetBus;
  private readonly initiator: Initiator;
  private readonly processor: ScriptsProcessor;
  private generalTimer: Timer | undefined;

  constructor(model: DeviceModel, {initiatorName}: LsiOptions) {
    this.model = model;
    const registerSpace = this.registerSpace();
    this.pci = new PciFunction({
      owner: OWNER,
      identity: IDENTITY,
      interruptPin: 1,
      bars: [
        {space: 'io', sizeBytes: IO_BYTES, device: registerSpace},
        {space: 'memory', sizeBytes: REGISTERS_BYTES, device: registerSpace},
        {space: 'memory', sizeBytes: RAM_BYTES, device: ramSpace(this.scriptRam)},
      ],
    });
    this.registers = this.createRegisters();
    const {registers} = this;
    this.interrupts = new LsiInterrupts(
      registers,
      (level) => this.pci.setInterrupt(level),
      () => this.processor.stop(),
    );
    this.bus = new TargetBus({name: initiatorName}, () => model.countRequest(OWNER));
    this.initiator = new Initiator(registers, this.interrupts, this.bus, () => this.processor.wake());
    this.processor = new ScriptsProcessor(model.schedule, this.createMachine());
  }

  /** Puts it into a slot of bus 0. Throws DeviceModelError when that is taken. */
  plug(device: number): void {
    this.pci.plug(this.model, device);
  }

  unplug(): void {
    this.reset();
    this.pci.unplug();
  }

  /** Its power is switched on: targets forget what they do for it. */
  reset(): void {
    this.initiator.resetBus();
    this.resetChip();
  }

  /** Adds a unit. False: there is one, or the address (id 0..15 but 7, LUN 0..63) cannot be. */
  attach({id, lun}: {id: number; lun: number}, unit: LogicalUnit): boolean {
    const isRight = id >= 0 && id <= MAX_ID && id !== OWN_ID && lun >= 0 && lun <= MAX_LUN;
    return isRight && this.bus.attach(id, lun, unit);
  }

  /** Takes a unit away, its commands ended. Resolves when it touches nothing of theirs any more. */
  async detach({id, lun}: {id: number; lun: number}): Promise<void> {
    await this.bus.detach(id, lun);
  }

  stats(): Readonly<Record<string, number>> {
    return {instructions: this.processor.instructions, commands: this.bus.commands};
  }

  /** "lsi53c895a dsp=0xf0002000 running, 3 commands under way" */
  toString(): string {
    const dsp = this.registers.get('DSP').toString(16);
    const state = this.processor.isRunning ? 'running' : 'stopped';
    return `${OWNER} dsp=0x${dsp} ${state}, ${this.bus.underWay} commands under way`;
  }

  /** Both the I/O range and the memory range, in which it is there four times. */
  private registerSpace(): IoDevice {
    return {
      read: (offset, size) => this.registers.read(offset & 0xff, size),
      write: (offset, size, value) => this.writeRegisters(offset & 0xff, size, value),
    };
  }

  private writeRegisters(offset: number, size: IoSize, value: number): void {
    this.registers.write(offset, size, value);
    const isStart = offset <= r.DSP_LAST_BYTE && offset + size > r.DSP_LAST_BYTE;
    if (isStart && (this.registers.get('DMODE') & r.DMODE_MAN) === 0) this.processor.start();
  }

  private createRegisters(): RegisterFile<r.LsiRegister> {
    const update = {write: () => this.interrupts.update()};
    const connected = (bits: number): number => (this.initiator.isConnected ? bits : 0);
    return new RegisterFile<r.LsiRegister>(r.lsiRegisters, {
      SCNTL1: {
        read: () => this.registers.get('SCNTL1') | connected(r.SCNTL1_CON),
        write: (control) => this.controlBus(control),
      },
      SBCL: {read: () => this.initiator.controlLines},
      SBDL: {read: () => this.initiator.dataLines},
      DSTAT: {read: () => this.interrupts.take('DSTAT') | r.DSTAT_DFE},
      SIST0: {read: () => this.interrupts.take('SIST0')},
      SIST1: {read: () => this.interrupts.take('SIST1')},
      SSTAT1: {read: () => this.initiator.phase ?? 0},
      SSTAT2: {read: () => (this.initiator.isConnected ? 0 : r.SSTAT2_LDSC)},
      ISTAT0: {
        read: () => this.registers.get('ISTAT0') | this.interrupts.status | connected(r.ISTAT0_CON),
        write: (status) => this.control(status),
      },
      ISTAT1: {read: () => (this.processor.isRunning ? r.ISTAT1_SRUN : 0)},
      CTEST2: {read: () => this.takeSignal()},
      DCNTL: {write: (control) => this.controlDma(control)},
      DIEN: update,
      SIEN0: update,
      SIEN1: update,
      STIME1: {write: (time) => this.startTimer(time & 0x0f)},
    });
  }

  private createMachine(): ScriptsMachine {
    const {registers, initiator, interrupts, pci, scriptRam} = this;
    const placeOf = (bar: 'BAR1' | 'BAR2', sizeBytes: number) => () => {
      const isOn = (pci.config.get('COMMAND') & COMMAND_MEMORY) !== 0;
      return isOn ? (pci.config.get(bar) & -sizeBytes) >>> 0 : undefined;
    };
    const ram = {
      base: placeOf('BAR2', RAM_BYTES),
      sizeBytes: RAM_BYTES,
      read: (offset: number, into: Uint8Array) => into.set(scriptRam.subarray(offset, offset + into.length)),
      write: (offset: number, bytes: Uint8Array) => scriptRam.set(bytes, offset),
    };
    const own = {
      base: placeOf('BAR1', REGISTERS_BYTES),
      sizeBytes: IO_BYTES,
      read: (offset: number, into: Uint8Array) => into.forEach((_, i) => (into[i] = registers.read(offset + i, 1))),
      write: (offset: number, bytes: Uint8Array) => bytes.forEach((byte, i) => registers.write(offset + i, 1, byte)),
    };
    const memory = new ChipMemory(this.model.dmaFor(OWNER), [ram, own]);
    return {
      registers,
      memory,
      initiator,
      interrupts,
      carry: false,
      get isBusMaster() {
        return pci.isBusMaster;
      },
    };
  }

  /** SCNTL1: the RST line is as its bit is. */
  private controlBus(control: number): void {
    const {registers} = this;
    const wasReset = (registers.get('SSTAT0') & r.SSTAT0_RST) !== 0;
    const isReset = (control & r.SCNTL1_RST) !== 0;
    registers.set('SSTAT0', isReset ? r.SSTAT0_RST : 0);
    if (!isReset || wasReset) return;
    this.initiator.resetBus();
    this.interrupts.raiseScsi(r.SIST0_RST, 0);
  }

  /** ISTAT0: what the guest may write while SCRIPTS run. */
  private control(status: number): void {
    if ((status & r.ISTAT0_SRST) !== 0) return this.resetSoftly(status);
    if ((status & r.ISTAT0_INTF) !== 0) this.interrupts.endFlight();
    if ((status & r.ISTAT0_ABRT) !== 0) this.interrupts.raiseDma(r.DSTAT_ABRT);
    if ((status & r.ISTAT0_SIGP) !== 0) this.processor.wake();
  }

  /** Reading CTEST2 takes the guest's signal. */
  private takeSignal(): number {
    const {registers} = this;
    const status = registers.get('ISTAT0');
    registers.set('ISTAT0', status & ~r.ISTAT0_SIGP);
    const signal = (status & r.ISTAT0_SIGP) === 0 ? 0 : r.CTEST2_SIGP;
    return registers.get('CTEST2') | r.CTEST2_CM | signal;
  }

  private controlDma(control: number): void {
    this.interrupts.update();
    if ((control & r.DCNTL_STD) !== 0 && !this.processor.isRunning) this.processor.start();
  }

  private startTimer(exponent: number): void {
    this.generalTimer?.cancel();
    this.generalTimer = undefined;
    if (exponent === 0) return;
    this.generalTimer = this.model.schedule.after(GENERAL_TIMER_NS * 2 ** exponent, () => {
      this.interrupts.raiseScsi(0, r.SIST1_GEN);
    });
  }

  /** The bit stays until it is written as 0. Targets go on with what they do. */
  private resetSoftly(status: number): void {
    this.resetChip();
    this.registers.set('ISTAT0', status & r.ISTAT0_SRST);
  }

  private resetChip(): void {
    this.processor.stop();
    this.initiator.forget();
    this.startTimer(0);
    this.registers.reset();
    this.interrupts.reset();
  }
}

const ramSpace = (ram: Uint8Array): IoDevice => ({
  read: (offset, size) => {
    let value = 0;
    for (let byte = 0; byte < size; byte++) value |= ram[offset + byte] << (byte * 8);
    return value >>> 0;
  },
  write: (offset, size, value) => {
    for (let byte = 0; byte < size; byte++) ram[offset + byte] = value >>> (byte * 8);
  },
});
