import {type Observable, Subject} from 'rxjs';
import {ByteQueue} from '../../../hypervisor/byte-queue.ts';
import type {ConsoleDevice} from '../../api.ts';
import type {NativeMachine} from '../machine.ts';
import {type FoundUart, probeUart, type UartPlace} from './probe.ts';
import * as r from './registers.ts';

/** Output that waits for the UART: past it the oldest is lost. */
const OUTPUT_LIMIT = 64 * 1024;
/** 115200 bit/s. */
const DIVISOR = 1;
/** A character with its start and stop bit takes 86.8 us. */
const BUSY_NS = 100_000;
/** Characters taken before the rest of the machine has its turn. */
const RECEIVE_BUDGET = 256;
/** Causes looked at in one interrupt: a UART that never has enough is left alone. */
const CAUSE_BUDGET = 64;

const encoder = new TextEncoder();

export interface UartConsoleOptions {
  /** COM1 by default. */
  readonly place?: UartPlace;
  /** `interrupt`, the default: a FIFO full each time the UART says that it is empty. `polled`: as an early console writes. */
  readonly output?: 'interrupt' | 'polled';
}

interface RoomWaiter {
  readonly mark: number;
  readonly resolve: () => void;
}

/** A console on a 16550A: ttyS0 or ttyS1. */
export class UartConsole implements ConsoleDevice {
  private readonly machine: NativeMachine;
  private readonly uart: FoundUart;
  private readonly isPolled: boolean;
  private readonly queue = new ByteQueue(OUTPUT_LIMIT);
  private readonly typed = new Subject<Uint8Array>();
  private readonly counts = {outBytes: 0, inBytes: 0, droppedBytes: 0, overruns: 0, interrupts: 0};
  private readonly freeIrq: () => void;
  private readonly causes: Readonly<Record<number, () => void>> = {
    [r.IIR_LINE_STATUS]: () => this.receive(),
    [r.IIR_DATA_AVAILABLE]: () => this.receive(),
    [r.IIR_CHARACTER_TIMEOUT]: () => this.receive(),
    [r.IIR_THR_EMPTY]: () => this.fill(),
  };
  private waiters: readonly RoomWaiter[] = [];
  /** The transmitter will say when it has room. */
  private isSending = false;
  private isClosed = false;

  private constructor(machine: NativeMachine, uart: FoundUart, isPolled: boolean) {
    this.machine = machine;
    this.uart = uart;
    this.isPolled = isPolled;
    this.freeIrq = machine.interrupts.request(uart.irq, () => this.interrupt());
    this.start();
  }

  /** Undefined: there is no UART. */
  static probe(machine: NativeMachine, options: UartConsoleOptions = {}): UartConsole | undefined {
    const uart = probeUart(machine.io, options.place ?? 'com1');
    return uart === undefined ? undefined : new UartConsole(machine, uart, options.output === 'polled');
  }

  get input(): Observable<Uint8Array> {
    return this.typed.asObservable();
  }

  /** Output that the UART has not taken. */
  get queuedBytes(): number {
    return this.queue.length;
  }

  write(data: Uint8Array | string): void {
    this.counts.droppedBytes += this.queue.pushOver(typeof data === 'string' ? encoder.encode(data) : data);
    if (this.isSending || this.isClosed || this.queue.length === 0) return;
    this.isSending = true;
    if (this.isPolled) this.poll();
    else this.enable(r.IER_THRI);
  }

  /** Resolves when at most `mark` bytes wait. */
  room(mark: number): Promise<void> {
    if (this.queue.length <= mark) return Promise.resolve();
    return new Promise((resolve) => (this.waiters = [...this.waiters, {mark, resolve}]));
  }

  /** Leaves the UART silent. */
  close(): void {
    this.isClosed = true;
    this.out(r.IER, 0);
    this.out(r.MCR, 0);
    this.freeIrq();
    this.typed.complete();
  }

  stats(): Readonly<Record<string, number>> {
    return {...this.counts};
  }

  toString(): string {
    const {base, irq, fifoSize} = this.uart;
    return `uart at 0x${base.toString(16)} irq=${irq} fifo=${fifoSize} queued=${this.queue.length}`;
  }

  private start(): void {
    this.out(r.IER, 0);
    this.out(r.LCR, r.LCR_DLAB | r.LCR_8N1);
    this.out(r.DLL, DIVISOR & 0xff);
    this.out(r.DLM, DIVISOR >>> 8);
    this.out(r.LCR, r.LCR_8N1);
    this.out(r.FCR, r.FCR_ENABLE | r.FCR_CLEAR | r.FCR_TRIGGER_8);
    this.out(r.MCR, r.MCR_DTR | r.MCR_RTS | r.MCR_OUT2);
    for (const stale of [r.LSR, r.RBR, r.IIR, r.MSR]) this.in(stale);
    this.enable(0);
  }

  /** The line is an edge: it comes again only if all causes have gone before. */
  private interrupt(): boolean {
    this.counts.interrupts++;
    for (let looked = 0; looked < CAUSE_BUDGET; looked++) {
      const cause = this.in(r.IIR) & r.IIR_ID;
      if (cause === r.IIR_NONE) return looked > 0;
      this.causes[cause]?.();
    }
    return true;
  }

  private receive(): void {
    const bytes: number[] = [];
    while (bytes.length < RECEIVE_BUDGET) {
      const status = this.in(r.LSR);
      if ((status & r.LSR_OVERRUN) !== 0) this.counts.overruns++;
      if ((status & r.LSR_DATA_READY) === 0) break;
      bytes.push(this.in(r.RBR));
    }
    if (bytes.length === 0) return;
    this.counts.inBytes += bytes.length;
    this.typed.next(Uint8Array.from(bytes));
  }

  /** The transmitter is empty: it takes a FIFO full without being asked in between. */
  private fill(): void {
    if (this.queue.length === 0) {
      this.isSending = false;
      return this.enable(0);
    }
    const count = Math.min(this.queue.length, this.uart.fifoSize);
    for (let sent = 0; sent < count; sent++) this.send();
    this.wake();
  }

  /** One character after the other. A UART that is busy is asked again when a character's time has gone. */
  private poll(): void {
    while (this.queue.length > 0 && !this.isClosed) {
      if ((this.in(r.LSR) & r.LSR_THR_EMPTY) === 0) {
        this.machine.ops.schedule.after(BUSY_NS, () => this.poll());
        return;
      }
      this.send();
    }
    this.isSending = false;
    this.wake();
  }

  private send(): void {
    const [byte] = this.queue.head();
    this.queue.skip(1);
    this.counts.outBytes++;
    this.out(r.THR, byte);
  }

  private enable(transmit: number): void {
    this.out(r.IER, r.IER_RDI | r.IER_RLSI | transmit);
  }

  private wake(): void {
    const ready = this.waiters.filter(({mark}) => this.queue.length <= mark);
    this.waiters = this.waiters.filter((waiter) => !ready.includes(waiter));
    for (const {resolve} of ready) resolve();
  }

  private in(register: number): number {
    return this.machine.io.readPort(this.uart.base + register, 1);
  }

  private out(register: number, value: number): void {
    this.machine.io.writePort(this.uart.base + register, 1, value);
  }
}
