import {Random} from './random.ts';
import type {Schedule, Task, Timer} from './schedule.ts';
import {TimerHeap} from './timer-heap.ts';

/** Tasks queued per turn of the event loop; microtasks still run between any two of them. */
const TASKS_PER_TURN = 64;

/**
 * Virtual time from a seed. One task a macrotask: the promises that a task settled have all run before the next is
 * picked, so the order of everything depends on the seed alone.
 */
class VirtualSchedule implements Schedule {
  readonly mode = 'virtual';
  readonly seed: number;
  /** A fixed day: start times in xenstore must not differ between runs. */
  readonly epochMs = Date.UTC(2026, 0, 1);
  between: (() => void) | undefined;
  private readonly chance: Random;
  /** Apart from random(), so that a guest that draws numbers does not change the order of tasks by itself. */
  private readonly order: Random;
  private readonly timers = new TimerHeap();
  private readonly ready: Task[] = [];
  private nowNs = 0;
  private drivers = 0;
  private holds = 0;
  private turns = 0;
  private closed = false;
  private readonly pick: (ready: number) => number;

  constructor(seed: number, pick?: (ready: number) => number) {
    this.seed = seed;
    this.pick = pick ?? ((ready) => this.order.below(ready));
    this.chance = new Random(seed);
    this.order = new Random(seed + 0x5eed);
  }

  now(): number {
    return this.nowNs;
  }

  random(): number {
    return this.chance.u32();
  }

  post(task: Task): void {
    if (this.closed) return;
    this.ready.push(task);
    this.pump();
  }

  after(delayNs: number, task: Task): Timer {
    const timer = this.timers.push(this.nowNs + Math.max(0, Math.round(delayNs)), task);
    this.pump();
    return timer;
  }

  async drive<T>(promise: Promise<T>): Promise<T> {
    this.drivers++;
    this.pump();
    try {
      return await promise;
    } finally {
      this.drivers--;
    }
  }

  async hold<T>(promise: Promise<T>): Promise<T> {
    this.holds++;
    try {
      return await promise;
    } finally {
      this.holds--;
      this.pump();
    }
  }

  sleep(delayNs: number): Promise<void> {
    return this.drive(
      new Promise((resolve) => {
        this.after(delayNs, resolve);
      }),
    );
  }

  close(): void {
    this.closed = true;
    this.ready.length = 0;
    this.timers.clear();
  }

  private hasWork(): boolean {
    if (this.closed || this.holds > 0) return false;
    return this.ready.length > 0 || (this.drivers > 0 && this.timers.earliestNs() !== Infinity);
  }

  private pump(): void {
    if (this.turns > 0 || !this.hasWork()) return;
    for (; this.turns < TASKS_PER_TURN; this.turns++) setImmediate(this.turn);
  }

  private readonly turn = (): void => {
    this.turns--;
    if (this.hasWork()) this.runOne();
    this.pump();
  };

  private runOne(): void {
    if (this.ready.length === 0) {
      this.nowNs = Math.max(this.nowNs, this.timers.earliestNs());
      for (let due = this.timers.popDue(this.nowNs); due !== undefined; due = this.timers.popDue(this.nowNs))
        this.ready.push(due);
    }
    const picked = this.pick(this.ready.length);
    const task = this.ready[picked];
    // Swap-remove: the order of the rest is the seed's business anyway.
    const last = this.ready.pop();
    if (last !== undefined && picked < this.ready.length) this.ready[picked] = last;
    this.between?.();
    task();
    this.between?.();
  }
}

/**
 * Time that jumps, in an order that the seed decides. Same seed, same program: same trace. `pick` decides instead which of
 * so many ready tasks is next: 0..ready-1.
 */
export const virtualClock = (seed: number, pick?: (ready: number) => number): Schedule =>
  new VirtualSchedule(seed, pick);
