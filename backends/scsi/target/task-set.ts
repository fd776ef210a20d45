import type {Nexus, ScsiCommand} from './api.ts';
import type {Order} from './command.ts';
import {type Answer, type Outcome, taskAborted, taskSetFull} from './outcome.ts';
import type {Task} from './task.ts';

/** Commands that are under way or wait; more get TASK SET FULL. */
const MAX_TASKS = 1024;

interface Entry {
  readonly task: Task;
  readonly order: Order;
  readonly start: () => Answer;
  readonly settle: (outcome: Outcome) => void;
}

/**
 * The commands of a logical unit that are under way: those that have to be alone wait for the others, and the others
 * for them, in the order of their arrival. What ends at once, with nothing under way, leaves no trace here.
 */
export class TaskSet {
  private readonly running = new Map<Task, Promise<unknown>>();
  private waiting: Entry[] = [];
  private isAlone = false;

  run(task: Task, order: Order, start: () => Answer): Answer {
    if (this.running.size + this.waiting.length >= MAX_TASKS) return taskSetFull;
    if (this.mayStart(order)) return this.begin(task, order, start);
    return new Promise((settle) => this.waiting.push({task, order, start, settle}));
  }

  /** Ends those that match; true if there were any. Resolves when they have ended. */
  async abort(matches: (task: Task) => boolean): Promise<boolean> {
    const dropped = this.waiting.filter(({task}) => matches(task));
    this.waiting = this.waiting.filter(({task}) => !matches(task));
    for (const {settle} of dropped) settle(taskAborted);
    const stopping = [...this.running].filter(([task]) => matches(task));
    for (const [task] of stopping) task.aborted = true;
    await Promise.all(stopping.map(([, ended]) => ended));
    return dropped.length + stopping.length > 0;
  }

  abortCommand(command: ScsiCommand): Promise<boolean> {
    return this.abort((task) => task.command === command);
  }

  abortNexus({name}: Nexus): Promise<boolean> {
    return this.abort((task) => task.nexus.name === name);
  }

  /** Resolves when what is under way now has ended. */
  async settled(): Promise<void> {
    await Promise.all(this.running.values());
  }

  /** Initiators that have commands here. */
  get nexuses(): Set<string> {
    return new Set([...this.running.keys(), ...this.waiting.map(({task}) => task)].map(({nexus}) => nexus.name));
  }

  private mayStart(order: Order): boolean {
    if (order === 'any') return true;
    if (this.isAlone || this.waiting.length > 0) return false;
    return order === 'shared' || this.running.size === 0;
  }

  private begin(task: Task, order: Order, start: () => Answer): Answer {
    if (order === 'alone') this.isAlone = true;
    const answer = start();
    if (!(answer instanceof Promise)) {
      if (order === 'alone') this.isAlone = false;
      return answer;
    }
    const ended = answer.then((outcome) => {
      this.running.delete(task);
      if (order === 'alone') this.isAlone = false;
      this.startWaiting();
      return task.aborted ? taskAborted : outcome;
    });
    this.running.set(task, ended);
    return ended;
  }

  private startWaiting(): void {
    while (this.waiting.length > 0) {
      const [{task, order, start, settle}] = this.waiting;
      if (this.isAlone || (order === 'alone' && this.running.size > 0)) return;
      this.waiting.shift();
      const answer = this.begin(task, order, start);
      if (answer instanceof Promise) void answer.then(settle);
      else settle(answer);
    }
  }
}
