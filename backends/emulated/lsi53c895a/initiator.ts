import type {RegisterFile} from '../registers/index.ts';
import type {LsiInterrupts} from './interrupts.ts';
import type {IoProcess} from './io-process.ts';
import {BUS_FREE, BUSY, MESSAGE_IN, MESSAGE_OUT, type Phase} from './phases.ts';
import * as r from './registers.ts';
import type {TargetBus} from './target-bus.ts';
import {type ConnectionOptions, TargetConnection} from './target-connection.ts';

/** The chip's SCSI core, which only ever is an initiator. */
export class Initiator {
  private readonly registers: RegisterFile<r.LsiRegister>;
  private readonly interrupts: LsiInterrupts;
  private readonly bus: TargetBus;
  private readonly onChange: () => void;
  private connection: TargetConnection | undefined;
  /** Commands whose targets want to come back, in order. */
  private ready: readonly IoProcess[] = [];
  /** Nobody has answered the selection. That is found out where the script looks for a phase. */
  private isUnanswered = false;
  /** The last byte of a message is not acknowledged yet. */
  private holdsAck = false;

  /** `onChange`: what SCRIPTS may be waiting for has come. */
  constructor(registers: RegisterFile<r.LsiRegister>, interrupts: LsiInterrupts, bus: TargetBus, onChange: () => void) {
    this.registers = registers;
    this.interrupts = interrupts;
    this.bus = bus;
    this.onChange = onChange;
  }

  get isConnected(): boolean {
    return this.connection !== undefined;
  }

  /** The lines as SBCL has them. */
  get controlLines(): number {
    const {connection} = this;
    if (connection === undefined) return 0;
    const {state} = connection;
    const request = state >= 0 && !this.holdsAck ? r.SBCL_REQ : 0;
    const phase = state >= 0 ? state : 0;
    return r.SBCL_BSY | request | phase | (connection.atn ? r.SOCL_ATN : 0) | (this.holdsAck ? r.SBCL_ACK : 0);
  }

  get dataLines(): number {
    return this.connection?.dataLines ?? 0;
  }

  /** Selects a target; the bus has to be free. */
  select(id: number, atn: boolean): void {
    this.isUnanswered = !this.bus.hasTarget(id);
    if (!this.isUnanswered) this.connect(TargetConnection.selected(this.optionsFor(id), atn));
  }

  /** Lets a target come back that wants to. False: none does, or the bus is not free. */
  reselect(): boolean {
    this.ready = this.ready.filter(({isDropped}) => !isDropped);
    const [process] = this.ready;
    if (process === undefined || this.isConnected) return false;
    this.ready = this.ready.slice(1);
    const {id} = process.address;
    this.registers.set('SSID', r.SSID_VAL | id);
    if ((this.registers.get('DCNTL') & r.DCNTL_COM) === 0) this.registers.set('SFBR', 1 << (id & 7));
    this.connect(TargetConnection.reselecting(this.optionsFor(id), process));
    return true;
  }

  /** The phase that the target asks for; BUSY: none yet; undefined: there is no target, and the guest was told. */
  awaitPhase(): Phase | typeof BUSY | undefined {
    if (this.isUnanswered) {
      this.isUnanswered = false;
      this.interrupts.raiseScsi(0, r.SIST1_STO);
      return undefined;
    }
    this.releaseAck();
    const state = this.connection?.state;
    if (state !== undefined && state !== BUS_FREE) return state;
    this.interrupts.raiseScsi(r.SIST0_UDC, 0);
    return undefined;
  }

  /** The phase now, without waiting for one. */
  get phase(): Phase | undefined {
    const state = this.connection?.state;
    return state === undefined || state === BUSY || state === BUS_FREE ? undefined : state;
  }

  /**
   * Moves bytes of the phase, `max` at most. `move` gets a view, to be read or to be filled. The last byte of a message
   * that fills `max` stays unacknowledged, and ATN goes before the last of those that the initiator sends.
   */
  transfer(max: number, move: (bytes: Uint8Array) => void): number {
    const {connection} = this;
    if (connection === undefined) return 0;
    const {state} = connection;
    const bytes = connection.transfer(max);
    move(bytes);
    const isAll = bytes.length === max;
    if (state === MESSAGE_OUT && isAll) connection.atn = false;
    connection.endTransfer(bytes);
    this.holdsAck = state === MESSAGE_IN && isAll;
    if (state === MESSAGE_IN && !isAll) connection.proceed();
    this.settle();
    return bytes.length;
  }

  setAtn(atn: boolean): void {
    if (this.connection !== undefined) this.connection.atn = atn;
  }

  /** The target goes on. */
  releaseAck(): void {
    if (!this.holdsAck) return;
    this.holdsAck = false;
    this.connection?.proceed();
    this.settle();
  }

  /** The RST line. */
  resetBus(): void {
    this.forget();
    this.ready = [];
    this.bus.reset();
  }

  /** Has nothing to do with the bus any more. */
  forget(): void {
    this.connection = undefined;
    this.isUnanswered = false;
    this.holdsAck = false;
  }

  private connect(connection: TargetConnection): void {
    this.connection = connection;
    this.registers.set('SCNTL2', this.registers.get('SCNTL2') | r.SCNTL2_SDU);
  }

  /** A target that has let go of the bus when it should not have is worth an interrupt. */
  private settle(): void {
    if (this.connection?.state !== BUS_FREE) return;
    this.connection = undefined;
    this.holdsAck = false;
    if ((this.registers.get('SCNTL2') & r.SCNTL2_SDU) !== 0) this.interrupts.raiseScsi(r.SIST0_UDC, 0);
  }

  private optionsFor(id: number): ConnectionOptions {
    return {
      bus: this.bus,
      id,
      onReady: (process) => {
        this.ready = [...this.ready, process];
        this.onChange();
      },
      onChange: () => {
        this.settle();
        this.onChange();
      },
    };
  }
}
