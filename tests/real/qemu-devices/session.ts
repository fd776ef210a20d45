import type {IoSize} from '../../../hypervisor/ioreq/index.ts';
import type {Pc} from './pc.ts';

/** What a program saw: "SRST", "in 1f7", and the value. */
export interface Seen {
  readonly step: string;
  readonly what: string;
  readonly value: string;
}

const hex = (value: number): string => value.toString(16);

/** Drives a PC and keeps what it saw, step by step. */
export class Session {
  readonly pc: Pc;
  readonly seen: Seen[] = [];
  private name = '';

  constructor(pc: Pc) {
    this.pc = pc;
  }

  /** What follows belongs to this step. */
  step(name: string): void {
    this.name = name;
  }

  note(what: string, value: number | string): void {
    this.seen.push({step: this.name, what, value: typeof value === 'number' ? hex(value) : value});
  }

  in(port: number, size: IoSize = 1, what = hex(port)): number {
    const value = this.pc.io.readPort(port, size);
    this.note(`in ${what}`, value);
    return value;
  }

  out(port: number, value: number, size: IoSize = 1): void {
    this.pc.io.writePort(port, size, value);
  }

  /** Device lines that are high. */
  lines(): void {
    this.note('lines', this.pc.lines().join(' '));
  }

  /** Guest memory. */
  memory(what: string, address: number, length: number): void {
    this.note(what, Buffer.from(this.pc.readBytes(address, length)).toString('hex'));
  }
}

/** Numbers below `bound` from a seed, the same for both. */
export const numbersFrom = (seed: number): ((bound: number) => number) => {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
};
