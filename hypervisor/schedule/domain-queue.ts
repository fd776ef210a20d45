import type {Schedule, Task, TaskQueue, Timer} from './schedule.ts';

/** A vCPU that may have to wait for its CPU. */
interface Gate {
  /** Tasks have to be handed to it. */
  readonly gated: boolean;
  interrupt(task: Task): void;
}

const stopped: Timer = {cancel: () => undefined};

/**
 * The host's queue as one domain sees it. Tasks of a paused domain are kept until it runs again; those of a dead one
 * are dropped; an exception in one is the domain's fault, not the host's.
 */
export class DomainQueue implements TaskQueue {
  /** The vCPU that the domain's tasks run on, of a kernel that is ours. */
  gate: Gate | undefined;
  private readonly host: Schedule;
  private readonly runnable: () => boolean;
  private readonly onFault: (error: unknown) => void;
  private held: Task[] = [];
  private dead = false;

  constructor(host: Schedule, runnable: () => boolean, onFault: (error: unknown) => void) {
    this.host = host;
    this.runnable = runnable;
    this.onFault = onFault;
  }

  now(): number {
    return this.host.now();
  }

  random(): number {
    return this.host.random();
  }

  post(task: Task): void {
    if (!this.dead) this.host.post(() => this.enter(task));
  }

  /** For what the hypervisor has the domain do: it waits for no CPU. */
  postWork(task: Task): void {
    if (!this.dead) this.host.post(() => this.run(task));
  }

  after(delayNs: number, task: Task): Timer {
    return this.dead ? stopped : this.host.after(delayNs, () => this.enter(task));
  }

  /** Runs the task now if the domain may run, else keeps it. */
  run(task: Task): void {
    if (this.dead) return;
    if (!this.runnable()) {
      this.held.push(task);
      return;
    }
    try {
      task();
    } catch (error) {
      this.onFault(error);
    }
  }

  resume(): void {
    const tasks = this.held;
    this.held = [];
    for (const task of tasks) this.postWork(task);
  }

  toString(): string {
    return this.dead ? 'stopped' : `${this.held.length} tasks held`;
  }

  stop(): void {
    this.dead = true;
    this.held = [];
  }

  private enter(task: Task): void {
    if (this.gate?.gated === true) this.gate.interrupt(task);
    else this.run(task);
  }
}
