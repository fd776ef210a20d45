import type {IoProcess} from './io-process.ts';
import * as m from './messages.ts';
import {BUS_FREE, BUSY, type BusState, COMMAND, DATA_IN, DATA_OUT, MESSAGE_IN, MESSAGE_OUT, STATUS} from './phases.ts';
import type {TargetBus} from './target-bus.ts';

const MAX_CDB_BYTES = 16;
const MAX_MESSAGE_BYTES = 256;
const MAX_ANSWER_BYTES = 16;

/** What follows once the initiator has the target's messages. */
type Next = 'work' | 'leave';

export interface ConnectionOptions {
  readonly bus: TargetBus;
  readonly id: number;
  /** A command has ended that the target had let go of the bus for: it wants to come back. */
  readonly onReady: (process: IoProcess) => void;
  /** The phase has changed while nobody did anything. */
  readonly onChange: () => void;
}

/** A target while it has the bus: it says which phase is next, and takes or gives the bytes of it. */
export class TargetConnection {
  readonly id: number;
  /** The initiator wants to send a message. */
  atn = false;
  private readonly options: ConnectionOptions;
  private phase: BusState = BUSY;
  private lun = 0;
  private tag: number | undefined;
  private mayDisconnect = false;
  private process: IoProcess | undefined;
  private messages: readonly number[] = [];
  private next: Next = 'work';

  private constructor(options: ConnectionOptions) {
    this.options = options;
    this.id = options.id;
  }

  /** Answers a selection. */
  static selected(options: ConnectionOptions, atn: boolean): TargetConnection {
    const connection = new TargetConnection(options);
    connection.atn = atn;
    connection.proceed();
    return connection;
  }

  /** Comes back for a command. */
  static reselecting(options: ConnectionOptions, process: IoProcess): TargetConnection {
    const connection = new TargetConnection(options);
    const {lun, tag} = process.address;
    connection.process = process;
    connection.lun = lun;
    connection.mayDisconnect = true;
    connection.say([m.IDENTIFY | lun, ...(tag === undefined ? [] : [m.SIMPLE_QUEUE_TAG, tag])], 'work');
    return connection;
  }

  get state(): BusState {
    return this.phase;
  }

  /** The byte on the data lines. */
  get dataLines(): number {
    return this.phase === MESSAGE_IN ? (this.messages[0] ?? 0) : 0;
  }

  /** The next bytes of the phase, `max` at most: to be read, or to be filled. `endTransfer` has to follow. */
  transfer(max: number): Uint8Array {
    switch (this.phase) {
      case DATA_IN:
      case DATA_OUT:
        return this.process?.next(max) ?? new Uint8Array(0);
      case STATUS:
        return Uint8Array.of(this.process?.result?.status ?? 0).subarray(0, max);
      case MESSAGE_IN:
        return Uint8Array.from(this.messages.slice(0, max));
      default:
        return new Uint8Array(Math.min(max, this.phase === COMMAND ? MAX_CDB_BYTES : MAX_MESSAGE_BYTES));
    }
  }

  /** The bytes have crossed the bus. The last byte of a message is let go by `proceed`. */
  endTransfer(bytes: Uint8Array): void {
    const {phase} = this;
    if (phase === COMMAND) this.accept(bytes);
    else if (phase === MESSAGE_OUT) this.obey(m.readMessages(bytes));
    else if (phase === STATUS) this.complete();
    else if (phase === MESSAGE_IN) this.messages = this.messages.slice(bytes.length);
    if (phase !== MESSAGE_IN) this.proceed();
  }

  /** Goes on to the next phase. */
  proceed(): void {
    if (this.phase === BUS_FREE) return;
    if (this.atn) this.phase = MESSAGE_OUT;
    else if (this.messages.length > 0) this.phase = MESSAGE_IN;
    else if (this.next === 'leave') this.leave();
    else this.work();
  }

  /** "id 2 lun 0 phase 3" */
  toString(): string {
    return `id ${this.id} lun ${this.lun} phase ${this.phase}`;
  }

  private work(): void {
    const {process} = this;
    if (process === undefined) this.phase = COMMAND;
    else if (process.wantsData && process.result === undefined) this.phase = DATA_OUT;
    else this.answer(process);
  }

  private answer(process: IoProcess): void {
    if (!process.isStarted) this.options.bus.start(process, this.onEnd);
    if (process.isDropped) this.leave();
    else if (process.result === undefined) this.wait();
    else this.phase = process.hasData ? DATA_IN : STATUS;
  }

  /** The command takes time: the bus is for others meanwhile, if the initiator allows it. */
  private wait(): void {
    this.phase = BUSY;
    if (this.mayDisconnect) this.say([m.SAVE_DATA_POINTER, m.DISCONNECT], 'leave');
  }

  private readonly onEnd = (process: IoProcess): void => {
    if (this.next === 'leave') return this.options.onReady(process);
    // A command that was aborted has left the bus.
    if (process.isDropped) this.leave();
    else this.proceed();
    this.options.onChange();
  };

  private say(messages: readonly number[], next: Next): void {
    this.messages = messages;
    this.next = next;
    this.phase = MESSAGE_IN;
  }

  private accept(cdb: Uint8Array): void {
    const {bus, id} = this.options;
    this.process = bus.accept({id, lun: this.lun, tag: this.tag}, cdb);
  }

  private complete(): void {
    if (this.process !== undefined) this.options.bus.finish(this.process);
    this.say([m.COMMAND_COMPLETE], 'leave');
  }

  private obey({lun, mayDisconnect, tag, task, replies}: m.SentMessages): void {
    if (lun !== undefined) {
      this.lun = lun;
      this.mayDisconnect = mayDisconnect;
    }
    if (tag !== undefined) this.tag = tag;
    if (task === undefined) this.messages = [...replies, ...this.messages].slice(-MAX_ANSWER_BYTES);
    else {
      this.perform(task);
      this.leave();
    }
  }

  private perform(task: number): void {
    const {bus, id} = this.options;
    const {lun, tag} = this;
    const process = this.process ?? bus.find({id, lun, tag});
    if (task === m.ABORT) bus.abortUnit(id, lun);
    else if (task === m.CLEAR_QUEUE) bus.clearQueue(id, lun);
    else if (task === m.BUS_DEVICE_RESET) bus.resetTarget(id);
    else if (process !== undefined) bus.abort(process);
  }

  private leave(): void {
    this.phase = BUS_FREE;
    this.messages = [];
    this.next = 'leave';
  }
}
