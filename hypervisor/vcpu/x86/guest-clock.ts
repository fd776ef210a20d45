import {NS_PER_MS, type Schedule} from '../../schedule/index.ts';

/** Time as one emulated CPU sees it: the host's, and in virtual time what its instructions add within a slice. */
export interface GuestClock {
  /** Host nanoseconds now, with the CPU at `instructions` retired (modulo 2^32). */
  now(instructions: number): number;
  /** The same for a guest that reads its time stamp counter: it sees time pass, however often it looks. */
  read(instructions: number): number;
  beginSlice(instructions: number): void;
  /** The guest waits for somebody else, who needs time for that. */
  yield(): void;
  /** Returns the nanoseconds that the slice took. */
  endSlice(instructions: number): number;
  /** Host time before which the CPU cannot start its next slice. */
  readonly freeAtNs: number;
}

/** What passes at a yield in virtual time: a guest that waits in a loop would wait for thousands of them otherwise. */
const YIELD_NS = 10_000;
/**
 * What passes between two looks at the time of a guest that waits in a loop: compiled code counts its instructions only
 * when it is left, after 100,000 at the latest, and a delay of microseconds would take that many.
 */
const READ_NS = 200;
/** 100 million instructions a second, about what the engine does. */
const NS_PER_INSTRUCTION = 10;

class RealGuestClock implements GuestClock {
  readonly freeAtNs = 0;
  private readonly schedule: Schedule;
  private startNs = 0;

  constructor(schedule: Schedule) {
    this.schedule = schedule;
  }

  now(): number {
    return this.schedule.now();
  }

  read(): number {
    return this.schedule.now();
  }

  beginSlice(): void {
    this.startNs = this.schedule.now();
  }

  /** Time passes by itself. */
  yield(): void {
    return;
  }

  endSlice(): number {
    return this.schedule.now() - this.startNs;
  }
}

/**
 * Virtual time stands still while a task runs. Within a slice the guest's clock goes on by its instructions; the next
 * slice starts when the host's clock has got there, so both agree at every start and each run is like the other.
 */
class InstructionClock implements GuestClock {
  freeAtNs = 0;
  private readonly schedule: Schedule;
  private startNs = 0;
  private startInstructions = 0;
  private restNs = 0;
  /** At the last look, and what passed by looking in this slice. */
  private readAt = -1;
  private readNs = 0;

  constructor(schedule: Schedule) {
    this.schedule = schedule;
  }

  now(instructions: number): number {
    return this.startNs + this.elapsed(instructions);
  }

  read(instructions: number): number {
    if (instructions === this.readAt) this.readNs += READ_NS;
    this.readAt = instructions;
    return this.now(instructions);
  }

  beginSlice(instructions: number): void {
    this.startNs = Math.max(this.schedule.now(), this.freeAtNs);
    this.startInstructions = instructions;
    this.readNs = 0;
  }

  yield(): void {
    this.restNs = YIELD_NS;
  }

  endSlice(instructions: number): number {
    const elapsed = this.elapsed(instructions);
    this.freeAtNs = this.startNs + elapsed + this.restNs;
    this.restNs = 0;
    this.beginSlice(instructions);
    return elapsed;
  }

  private elapsed(instructions: number): number {
    return ((instructions - this.startInstructions) >>> 0) * NS_PER_INSTRUCTION + this.readNs;
  }
}

export const guestClock = (schedule: Schedule): GuestClock =>
  schedule.mode === 'virtual' ? new InstructionClock(schedule) : new RealGuestClock(schedule);

export const toMs = (ns: number): number => ns / NS_PER_MS;
