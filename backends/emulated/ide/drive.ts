import type {TaskQueue} from '../../../hypervisor/schedule/index.ts';
import {type Completion, PENDING} from '../../storage/index.ts';
import {ABRT, BSY, DIAGNOSTIC_PASSED, DRDY, DRQ, DSC, ERR} from './ata.ts';
import type {BusMaster} from './bus-master.ts';
import {DataRegister} from './data-register.ts';
import {TaskFile} from './task-file.ts';

/** What a transfer moves at once; a longer one gives way to others in between. */
export const CHUNK_BYTES = 128 * 1024;

/** What a drive is connected to. */
export interface Cable {
  readonly schedule: TaskQueue;
  readonly busMaster: BusMaster;
  /** The drive's interrupt is pending, or not any more. */
  onInterrupt(): void;
}

/**
 * A device on an IDE cable: its registers, and the protocols by which commands end and data move. Kinds of devices give it
 * their commands. What the host asks for is done at once where the storage does not have to be waited for.
 */
export abstract class Drive {
  readonly taskFile = new TaskFile();
  readonly data = new DataRegister();
  status = 0;
  error = 0;
  interruptPending = false;
  /** Of the signature: what LBA High and LBA Mid are after a reset. */
  protected abstract readonly signature: number;
  /** Status after a reset. */
  protected abstract readonly idleStatus: number;
  /** Counters since the drive is there. */
  abstract readonly stats: object;
  private readonly cable: Cable;
  /** Changes when a command is given up, so that what it waited for means nothing any more. */
  private turn = 0;
  private underWay = 0;
  private buffer: Uint8Array | undefined;
  private onIdle: (() => void) | undefined;

  constructor(cable: Cable) {
    this.cable = cable;
  }

  get isBusy(): boolean {
    return (this.status & BSY) !== 0;
  }

  /** The host has written the Command register. */
  command(opcode: number): void {
    this.giveUp();
    this.status = BSY | DRDY | DSC;
    this.error = 0;
    this.acknowledge();
    this.execute(opcode);
  }

  /** Gives the medium back, once it is not used any more. */
  abstract close(): Promise<void>;

  abstract toString(): string;

  /** What this kind does for a command; it ends with one of `succeed`, `fail` and `endQuietly`, at once or later. */
  protected abstract execute(opcode: number): void;

  /** The host has seen the interrupt, or it is void. */
  acknowledge(): void {
    this.interruptPending = false;
    this.cable.onInterrupt();
  }

  /** The software reset begins. */
  holdInReset(): void {
    this.giveUp();
    this.status = BSY;
    this.acknowledge();
  }

  /** A reset ends, or diagnostics do. */
  reset(): void {
    this.giveUp();
    this.taskFile.setSignature(this.signature);
    this.error = DIAGNOSTIC_PASSED;
    this.status = this.idleStatus;
    this.acknowledge();
  }

  /** Resolves when the medium is not used any more; a command that was under way has come to nothing. */
  protected async settled(): Promise<void> {
    this.giveUp();
    if (this.underWay > 0) await new Promise<void>((resolve) => (this.onIdle = resolve));
  }

  /** Ends a command well. */
  succeed(): void {
    this.status = DRDY | DSC;
    this.raise();
  }

  fail(error = ABRT): void {
    this.error = error;
    this.status = DRDY | DSC | ERR;
    this.raise();
  }

  /** Ends a command without an interrupt: the host has read its last block, or the bus master has no place for the data. */
  endQuietly(): void {
    this.status = DRDY | DSC;
  }

  raise(): void {
    this.interruptPending = true;
    this.cable.onInterrupt();
  }

  /** Offers a block to the host, by an interrupt. */
  offer(bytes: Uint8Array, onMoved: () => void): void {
    this.data.offer(bytes, () => this.onMoved(onMoved));
    this.status = DRDY | DSC | DRQ;
    this.raise();
  }

  /** Asks the host for a block; for a command's first one there is no interrupt. */
  ask(into: Uint8Array, isFirst: boolean, onMoved: () => void): void {
    this.data.request(into, () => this.onMoved(onMoved));
    this.status = DRDY | DSC | DRQ;
    if (!isFirst) this.raise();
  }

  /** Begins a transfer by the bus master as soon as that is started. */
  dma(begin: () => void): void {
    this.cable.busMaster.request(begin);
  }

  /** Sends bytes through the bus master, or the command ends there. */
  send(bytes: Uint8Array, then: () => void): void {
    if (this.cable.busMaster.toMemory(bytes) < bytes.length) this.endQuietly();
    else then();
  }

  /** Gets bytes through the bus master, or the command ends there. */
  receive(into: Uint8Array, then: () => void): void {
    if (this.cable.busMaster.fromMemory(into) < into.length) this.endQuietly();
    else then();
  }

  /** Up to CHUNK_BYTES of the drive's own memory, for one command. */
  memory(bytes: number): Uint8Array {
    this.buffer ??= new Uint8Array(CHUNK_BYTES);
    return this.buffer.subarray(0, bytes);
  }

  /** Does an operation of a storage; `then` gets its result while the command is the same. */
  operate(begin: (completion: Completion) => number, then: (result: number) => void): void {
    this.underWay++;
    const end = this.resumption((result: number) => then(result));
    const result = begin({complete: end});
    if (result !== PENDING) end(result);
  }

  /** Waits for a promise that never rejects. */
  wait<T>(promise: Promise<T>, then: (value: T) => void): void {
    this.underWay++;
    void promise.then(this.resumption(then));
  }

  /** Goes on after others have had their turn. */
  later(next: () => void): void {
    this.underWay++;
    const go = this.resumption(next);
    this.cable.schedule.post(() => go(undefined));
  }

  /** Nothing of the command before goes on; memory that a storage still fills is not used again. */
  private giveUp(): void {
    this.turn++;
    this.data.close();
    this.cable.busMaster.withdraw();
    if (this.underWay > 0) this.buffer = undefined;
  }

  private onMoved(next: () => void): void {
    this.status = BSY | DRDY | DSC;
    next();
  }

  private resumption<T>(next: (value: T) => void): (value: T) => void {
    const {turn} = this;
    return (value) => {
      this.underWay--;
      if (turn === this.turn) next(value);
      if (this.underWay === 0) this.onIdle?.();
    };
  }
}
