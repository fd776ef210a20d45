import {Random} from './random.ts';
import {NS_PER_MS, type Schedule, type Task, type Timer} from './schedule.ts';
import {TimerHeap} from './timer-heap.ts';

/** A drain hands the thread back to sockets and files after this long. */
const SLICE_NS = 2 * NS_PER_MS;
/** The clock is read once in so many tasks: reading it costs as much as a small task. */
const TASKS_PER_CLOCK_READ = 64;

export interface RealClockOptions {
  /** Seed of random(); by default taken from the machine. */
  seed?: number;
}

/** Tasks in the order posted, drained on the event loop; timers by one setTimeout for the earliest of the heap. */
class RealSchedule implements Schedule {
  readonly mode = 'real';
  readonly seed: number;
  readonly epochMs = Date.now();
  between: (() => void) | undefined;
  private readonly startMs = performance.now();
  private readonly chance: Random;
  private readonly timers = new TimerHeap();
  private ready: Task[] = [];
  private spare: Task[] = [];
  private immediate: NodeJS.Immediate | undefined;
  private timeout: NodeJS.Timeout | undefined;
  private timeoutDueNs = Infinity;
  private closed = false;

  constructor(options: RealClockOptions) {
    this.seed = options.seed ?? Math.floor(Math.random() * 2 ** 32);
    this.chance = new Random(this.seed);
  }

  now(): number {
    return (performance.now() - this.startMs) * NS_PER_MS;
  }

  random(): number {
    return this.chance.u32();
  }

  post(task: Task): void {
    if (this.closed) return;
    this.ready.push(task);
    this.immediate ??= setImmediate(this.drain);
  }

  after(delayNs: number, task: Task): Timer {
    const timer = this.timers.push(this.now() + Math.max(0, delayNs), task);
    this.armTimeout();
    return timer;
  }

  drive<T>(promise: Promise<T>): Promise<T> {
    return promise;
  }

  hold<T>(promise: Promise<T>): Promise<T> {
    return promise;
  }

  sleep(delayNs: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(delayNs, resolve);
    });
  }

  close(): void {
    this.closed = true;
    this.ready.length = 0;
    this.timers.clear();
    clearImmediate(this.immediate);
    clearTimeout(this.timeout);
  }

  /** Runs batches until nothing is ready or the slice is used up. Tasks posted meanwhile form the next batch. */
  private readonly drain = (): void => {
    this.immediate = undefined;
    const endNs = this.now() + SLICE_NS;
    do {
      const batch = this.ready;
      this.ready = this.spare;
      this.spare = batch;
      for (let i = 0; i < batch.length; i++) {
        this.between?.();
        batch[i]();
        if (i % TASKS_PER_CLOCK_READ === TASKS_PER_CLOCK_READ - 1 && this.now() > endNs) {
          this.putBack(batch, i + 1);
          this.between?.();
          return;
        }
      }
      batch.length = 0;
      this.between?.();
    } while (this.ready.length > 0 && this.now() < endNs);
    if (this.ready.length > 0) this.immediate ??= setImmediate(this.drain);
  };

  private putBack(batch: Task[], from: number): void {
    const rest = batch.slice(from);
    batch.length = 0;
    this.ready = rest.concat(this.ready);
    if (this.ready.length > 0) this.immediate ??= setImmediate(this.drain);
  }

  private armTimeout(): void {
    const dueNs = this.closed ? Infinity : this.timers.earliestNs();
    if (dueNs >= this.timeoutDueNs) return;
    clearTimeout(this.timeout);
    this.timeoutDueNs = dueNs;
    // Rounded up: Node cuts off fractions, and would wake us once too early and once more.
    this.timeout = setTimeout(this.fire, Math.ceil(Math.max(0, dueNs - this.now()) / NS_PER_MS));
  }

  private readonly fire = (): void => {
    this.timeoutDueNs = Infinity;
    const nowNs = this.now();
    for (let task = this.timers.popDue(nowNs); task !== undefined; task = this.timers.popDue(nowNs)) this.post(task);
    if (this.timers.earliestNs() !== Infinity) this.armTimeout();
  };
}

/** The machine's clock. */
export const realClock = (options: RealClockOptions = {}): Schedule => new RealSchedule(options);
