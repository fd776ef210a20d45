/** Work for the run queue. Runs to completion on the host's one thread. */
export type Task = () => void;

export interface Timer {
  cancel(): void;
}

/** What code inside a domain may know of time: its clock, its run queue, its share of the seed. */
export interface TaskQueue {
  /** Nanoseconds since the host started; monotonic. A double holds 104 days of them exactly. */
  now(): number;
  /** Runs the task soon, after the current one. */
  post(task: Task): void;
  /** Runs the task once, `delayNs` >= 0 from now. */
  after(delayNs: number, task: Task): Timer;
  /** Uniform u32 from the host's seed. */
  random(): number;
}

/**
 * The host's clock and run queue. Real mode drains first-in first-out on the event loop; virtual mode picks among the
 * ready tasks by its seed and lets time jump. Nothing outside this folder asks the machine for time or chance.
 */
export interface Schedule extends TaskQueue {
  readonly mode: 'real' | 'virtual';
  /** Seed of random(), and in virtual mode of the order of tasks. */
  readonly seed: number;
  /** Milliseconds from the Unix epoch to now() = 0. */
  readonly epochMs: number;
  /** Called before and after each task: what looks at the whole host while nothing of it runs. */
  between: (() => void) | undefined;
  /**
   * Waits for a promise that only the simulation can settle. Virtual time advances while somebody drives it, and stands
   * still otherwise, so an idle host costs nothing and a test cannot be outrun by a periodic timer.
   */
  drive<T>(promise: Promise<T>): Promise<T>;
  /**
   * Waits for something outside the simulation, a file for instance. Virtual time and all tasks stand still meanwhile, so
   * that it makes no difference how long that takes.
   */
  hold<T>(promise: Promise<T>): Promise<T>;
  /** Resolves `delayNs` of host time from now; drives the clock meanwhile. */
  sleep(delayNs: number): Promise<void>;
  /** Drops all tasks and timers; later ones are ignored. */
  close(): void;
}

export const NS_PER_MS = 1e6;
export const NS_PER_S = 1e9;
