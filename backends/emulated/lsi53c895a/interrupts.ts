import type {RegisterFile} from '../registers/index.ts';
import * as r from './registers.ts';

/** What the chip has to tell the guest, and its interrupt pin. */
export class LsiInterrupts {
  private readonly registers: RegisterFile<r.LsiRegister>;
  private readonly setPin: (level: boolean) => void;
  private readonly stopScripts: () => void;
  /** INTFLY: the guest is told, and SCRIPTS go on. */
  private isFlying = false;

  constructor(registers: RegisterFile<r.LsiRegister>, setPin: (level: boolean) => void, stopScripts: () => void) {
    this.registers = registers;
    this.setPin = setPin;
    this.stopScripts = stopScripts;
  }

  /** Bits of ISTAT0. */
  get status(): number {
    const {registers} = this;
    const dma = registers.get('DSTAT') === 0 ? 0 : r.ISTAT0_DIP;
    const scsi = registers.get('SIST0') + registers.get('SIST1') === 0 ? 0 : r.ISTAT0_SIP;
    return dma | scsi | (this.isFlying ? r.ISTAT0_INTF : 0);
  }

  /** Of DSTAT: all of them stop the processor. */
  raiseDma(bits: number): void {
    this.registers.set('DSTAT', this.registers.get('DSTAT') | bits);
    this.stopScripts();
    this.update();
  }

  /** Of SIST0 and SIST1: those that are not fatal stop the processor only when they are enabled. */
  raiseScsi(sist0: number, sist1: number): void {
    const {registers} = this;
    registers.set('SIST0', registers.get('SIST0') | sist0);
    registers.set('SIST1', registers.get('SIST1') | sist1);
    const stops0 = sist0 & (~r.SIST0_NOT_FATAL | registers.get('SIEN0'));
    const stops1 = sist1 & (~r.SIST1_NOT_FATAL | registers.get('SIEN1'));
    if (stops0 !== 0 || stops1 !== 0) this.stopScripts();
    this.update();
  }

  fly(): void {
    this.isFlying = true;
    this.update();
  }

  endFlight(): void {
    this.isFlying = false;
    this.update();
  }

  /** Reading one of the status registers acknowledges what it tells. */
  take(name: 'DSTAT' | 'SIST0' | 'SIST1'): number {
    const value = this.registers.get(name);
    this.registers.set(name, 0);
    this.update();
    return value;
  }

  reset(): void {
    this.endFlight();
  }

  update(): void {
    const {registers} = this;
    const enabled =
      (registers.get('DSTAT') & registers.get('DIEN')) |
      (registers.get('SIST0') & registers.get('SIEN0')) |
      (registers.get('SIST1') & registers.get('SIEN1'));
    const isOff = (registers.get('DCNTL') & r.DCNTL_IRQD) !== 0;
    this.setPin(!isOff && (enabled !== 0 || this.isFlying));
  }
}
