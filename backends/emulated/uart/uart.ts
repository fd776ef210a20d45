import type {IoSize} from '../../../hypervisor/ioreq/index.ts';
import type {Timer} from '../../../hypervisor/schedule/index.ts';
import type {DeviceModel, IoDevice, Release} from '../bus/index.ts';
import {RegisterFile} from '../registers/index.ts';
import {FIFO_SIZE} from './character-fifo.ts';
import {ModemInputs} from './modem.ts';
import {Receiver} from './receiver.ts';
import * as r from './registers.ts';
import {SerialLine} from './serial-line.ts';
import {Transmitter} from './transmitter.ts';

const PORTS = 8;
/** The input of the baud rate generator over 16: bit/s with a divisor of 1. */
const BASE_BAUD = 115200;
const NS_PER_S = 1e9;
/** A start and a stop bit. */
const FRAME_BITS = 2;

const places = {com1: {port: 0x3f8, irq: 4}, com2: {port: 0x2f8, irq: 3}} as const;

export interface UartOptions {
  /** COM1, 3F8 and IRQ 4, by default; COM2 is at 2F8 with IRQ 3. */
  readonly place?: keyof typeof places;
  /**
   * `immediate`, the default: characters take no time, and input waits until there is room, as with QEMU.
   * `character`: they take what the divisor and the line control say, and those that find no room are lost.
   */
  readonly timing?: 'immediate' | 'character';
}

/** Causes of interrupts, the most urgent first, with the bits of the IER that enable them. */
const causes = [
  [r.IIR_LINE_STATUS, r.IER_RLSI],
  [r.IIR_DATA_AVAILABLE, r.IER_RDI],
  [r.IIR_CHARACTER_TIMEOUT, r.IER_RDI],
  [r.IIR_THR_EMPTY, r.IER_THRI],
  [r.IIR_MODEM_STATUS, r.IER_MSI],
] as const;

/** A 16550A serial port of a PC. @see PC16550D datasheet */
export class Uart implements IoDevice {
  readonly owner: string;
  /** Where its output goes and its input comes from. */
  readonly line: SerialLine;
  private readonly model: DeviceModel;
  private readonly place: (typeof places)[keyof typeof places];
  private readonly timing: 'immediate' | 'character';
  private readonly registers: RegisterFile<r.UartRegister>;
  private readonly divisor = new RegisterFile<r.DivisorRegister>(r.divisorRegisters);
  private readonly transmitter: Transmitter;
  private readonly receiver: Receiver;
  private readonly modem = new ModemInputs();
  /** The transmitter became empty, and nobody was told. */
  private thrEmptied = false;
  private enabledBefore = 0;
  private incoming: Timer | undefined;
  private release: Release | undefined;

  constructor(model: DeviceModel, {place = 'com1', timing = 'immediate'}: UartOptions = {}) {
    const {schedule} = model;
    const characterNs = (): number => this.characterNs;
    this.owner = place;
    this.model = model;
    this.place = places[place];
    this.timing = timing;
    this.line = new SerialLine(schedule, () => this.listen());
    this.receiver = new Receiver({schedule, characterNs, onChange: () => this.updateInterrupt()});
    this.transmitter = new Transmitter({
      schedule,
      characterNs,
      onSent: (character) => this.send(character),
      onEmptied: () => this.tellEmptied(),
    });
    this.registers = new RegisterFile<r.UartRegister>(r.uartRegisters, {
      RBR_THR: {read: () => this.readBuffer(), write: (character) => this.transmit(character)},
      IER: {write: () => this.enableInterrupts()},
      IIR_FCR: {read: () => this.identify(), write: (control) => this.controlFifos(control)},
      MCR: {write: (control) => this.controlModem(control)},
      LSR: {read: () => this.readLineStatus()},
      MSR: {read: () => this.readModemStatus()},
    });
  }

  /** Throws DeviceModelError when its ports are taken. */
  plug(): void {
    this.release = this.model.claimPorts(this.place.port, PORTS, this, this.owner);
    this.listen();
  }

  unplug(): void {
    this.reset();
    this.release?.();
    this.release = undefined;
  }

  /** Its MR pin. */
  reset(): void {
    this.registers.reset();
    this.divisor.reset();
    this.setFifos(false);
    this.transmitter.reset();
    this.receiver.reset();
    this.modem.reset();
    this.thrEmptied = false;
    this.enabledBefore = 0;
    this.incoming?.cancel();
    this.incoming = undefined;
    this.updateInterrupt();
  }

  /** The other end holds the line low for longer than a character: the guest may take it as an attention key. */
  receiveBreak(): void {
    this.receiver.arrive(0, r.LSR_BREAK | r.LSR_FRAMING_ERROR);
  }

  stats(): Readonly<Record<string, number>> {
    return {...this.line.stats(), overruns: this.receiver.overruns, lostOutBytes: this.transmitter.lost};
  }

  toString(): string {
    return `${this.owner} IER=0x${this.registers.get('IER').toString(16)} rx=${this.receiver.fifo.count} tx=${this.transmitter.fifo.count}`;
  }

  read(offset: number, size: IoSize): number {
    let value = 0;
    for (let byte = 0; byte < size; byte++) value |= this.fileOf(offset + byte).read(offset + byte, 1) << (byte * 8);
    return value >>> 0;
  }

  write(offset: number, size: IoSize, value: number): void {
    for (let byte = 0; byte < size; byte++) {
      this.fileOf(offset + byte).write(offset + byte, 1, (value >>> (byte * 8)) & 0xff);
    }
  }

  private fileOf(offset: number): RegisterFile<string> {
    const divides = offset < 2 && (this.registers.get('LCR') & r.LCR_DLAB) !== 0;
    return divides ? this.divisor : this.registers;
  }

  private get isLooped(): boolean {
    return (this.registers.get('MCR') & r.MCR_LOOP) !== 0;
  }

  private get characterNs(): number {
    if (this.timing === 'immediate') return 0;
    const lcr = this.registers.get('LCR');
    const bits = FRAME_BITS + 5 + (lcr & 3) + ((lcr >>> 2) & 1) + ((lcr >>> 3) & 1);
    const divisor = Math.max(1, this.divisor.get('DLL') | (this.divisor.get('DLM') << 8));
    return Math.round((bits * NS_PER_S * divisor) / BASE_BAUD);
  }

  private transmit(character: number): void {
    this.thrEmptied = false;
    this.updateInterrupt();
    this.transmitter.write(character);
  }

  private send(character: number): void {
    if (this.isLooped) this.receiver.arrive(character);
    else this.line.put(character);
  }

  private tellEmptied(): void {
    this.thrEmptied = true;
    this.updateInterrupt();
  }

  /** Takes what is typed: all that there is room for, or a character in its time. A loop cuts the input off. */
  private listen(): void {
    if (this.release === undefined || this.isLooped) return;
    if (this.timing === 'character') return this.listenSlowly();
    while (this.line.waitingBytes > 0 && !this.receiver.fifo.isFull) this.receiver.arrive(this.line.take());
  }

  private listenSlowly(): void {
    if (this.incoming !== undefined || this.line.waitingBytes === 0) return;
    this.incoming = this.model.schedule.after(this.characterNs, () => {
      this.incoming = undefined;
      if (!this.isLooped) this.receiver.arrive(this.line.take());
      this.listen();
    });
  }

  private readBuffer(): number {
    const character = this.receiver.read();
    this.updateInterrupt();
    this.listen();
    return character;
  }

  private readLineStatus(): number {
    const status = this.receiver.takeStatus() | this.transmitter.status;
    this.updateInterrupt();
    return status;
  }

  private readModemStatus(): number {
    const status = this.modem.take();
    this.updateInterrupt();
    return status;
  }

  /** Who enables the interrupt of an empty transmitter gets one at once: drivers start their output by it. */
  private enableInterrupts(): void {
    const enabled = this.registers.get('IER');
    const turnedOn = enabled & ~this.enabledBefore;
    if ((turnedOn & r.IER_THRI) !== 0) this.thrEmptied = this.transmitter.fifo.count === 0;
    this.enabledBefore = enabled;
    this.updateInterrupt();
  }

  /** Reading the identity acknowledges an empty transmitter, and nothing else. */
  private identify(): number {
    const identity = this.pending();
    if (identity === r.IIR_THR_EMPTY) {
      this.thrEmptied = false;
      this.updateInterrupt();
    }
    return identity | (this.receiver.fifo.capacity > 1 ? r.IIR_FIFOS : 0);
  }

  private pending(): number {
    const enabled = this.registers.get('IER');
    for (const [identity, bit] of causes) if ((enabled & bit) !== 0 && this.isCaused(identity)) return identity;
    return r.IIR_NONE;
  }

  private isCaused(identity: number): boolean {
    if (identity === r.IIR_THR_EMPTY) return this.thrEmptied;
    if (identity === r.IIR_MODEM_STATUS) return this.modem.hasChanged;
    return this.receiver.wants(identity);
  }

  private controlFifos(control: number): void {
    const enabled = (control & r.FCR_ENABLE) !== 0;
    const switched = enabled !== this.receiver.fifo.capacity > 1;
    this.setFifos(enabled);
    if (switched || (control & r.FCR_CLEAR_RECEIVER) !== 0) this.receiver.clear();
    if (switched || (control & r.FCR_CLEAR_TRANSMITTER) !== 0) this.transmitter.clear();
    this.receiver.setTrigger(control >>> r.FCR_TRIGGER_SHIFT);
    this.updateInterrupt();
    this.listen();
  }

  private setFifos(enabled: boolean): void {
    this.receiver.fifo.capacity = enabled ? FIFO_SIZE : 1;
    this.transmitter.fifo.capacity = enabled ? FIFO_SIZE : 1;
    this.receiver.setTrigger(0);
  }

  private controlModem(control: number): void {
    this.modem.follow(control);
    this.updateInterrupt();
    this.listen();
  }

  /** A PC has OUT2 gate the interrupt, and a loop takes OUT2 off its pin. */
  private updateInterrupt(): void {
    const gate = this.registers.get('MCR') & (r.MCR_OUT2 | r.MCR_LOOP);
    const level = gate === r.MCR_OUT2 && this.pending() !== r.IIR_NONE;
    this.model.setIsaIrq(this.place.irq, level, this.owner);
  }
}
