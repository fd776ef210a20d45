import type {Timer} from '../schedule/index.ts';
import {type Choice, IDLE, type Policy, type RunQueue} from './policy.ts';
import type {SchedUnit} from './unit.ts';

const NS_PER_US = 1000;

interface Server {
  deadlineNs: number;
  budgetNs: number;
  /** 0 while it runs on its reserved budget, then how often it has used up one in this period. */
  level: number;
}

/**
 * Each vCPU is a deferrable server: it may run for its budget in every period, whenever in it that may be. The earliest
 * deadline goes first; budgets of extra time come after all that is reserved. @see xen/common/sched/rt.c
 */
export class Rtds implements Policy {
  readonly name = 'rtds';
  readonly title = 'SMP RTDS Scheduler';
  readonly strict = true;
  readonly usesSoftAffinity = false;
  private readonly queue: RunQueue;
  private readonly servers = new Map<SchedUnit, Server>();
  private replenishment: Timer | undefined;

  constructor(queue: RunQueue) {
    this.queue = queue;
  }

  add(unit: SchedUnit): void {
    const server = {deadlineNs: 0, budgetNs: 0, level: 0};
    this.servers.set(unit, server);
    replenish(unit, server, this.queue.clock.now());
  }

  remove(unit: SchedUnit): void {
    this.servers.delete(unit);
  }

  wake(unit: SchedUnit, nowNs: number): void {
    const server = this.server(unit);
    if (nowNs >= server.deadlineNs) replenish(unit, server, nowNs);
    this.arm();
  }

  sleep(): void {
    this.arm();
  }

  burn(unit: SchedUnit, ranNs: number): void {
    const server = this.server(unit);
    server.budgetNs -= ranNs;
    // Less than a nanosecond is what floating point leaves.
    if (server.budgetNs >= 1) return;
    server.budgetNs = 0;
    if (!unit.rtds.extratime) return;
    server.level++;
    server.budgetNs = unit.rtds.budgetUs * NS_PER_US;
  }

  preempts(waiting: SchedUnit, running: SchedUnit): boolean {
    return this.server(waiting).budgetNs > 0 && this.isBefore(waiting, running);
  }

  pick(cpu: number, current: SchedUnit | undefined): Choice {
    let next = current !== undefined && this.server(current).budgetNs > 0 ? current : undefined;
    for (const unit of this.queue.waitingFor(cpu)) {
      if (this.server(unit).budgetNs > 0 && (next === undefined || this.isBefore(unit, next))) next = unit;
    }
    return next === undefined ? IDLE : {unit: next, sliceNs: this.server(next).budgetNs};
  }

  /** New parameters hold from the next period on. */
  adjusted(): void {
    this.arm();
  }

  dump(): string[] {
    return [`\tunits              = ${this.servers.size}`];
  }

  describe(unit: SchedUnit): string {
    const {periodUs, budgetUs, extratime} = unit.rtds;
    const {budgetNs, deadlineNs, level} = this.server(unit);
    return (
      `cpu ${unit.cpu}, (${periodUs * NS_PER_US}, ${budgetUs * NS_PER_US}), cur_b=${Math.round(budgetNs)} ` +
      `cur_d=${Math.round(deadlineNs)} priority_level=${level} has_extratime=${Number(extratime)}`
    );
  }

  private server(unit: SchedUnit): Server {
    const server = this.servers.get(unit);
    if (server === undefined) throw new Error(`${unit.toString()} is not under this scheduler`);
    return server;
  }

  private isBefore(one: SchedUnit, other: SchedUnit): boolean {
    const [a, b] = [this.server(one), this.server(other)];
    return a.level < b.level || (a.level === b.level && a.deadlineNs < b.deadlineNs);
  }

  /** At the earliest deadline of those that want to run. */
  private arm(): void {
    this.replenishment?.cancel();
    this.replenishment = undefined;
    let earliestNs = Infinity;
    for (const [unit, {deadlineNs}] of this.servers) {
      if (unit.state !== 'asleep') earliestNs = Math.min(earliestNs, deadlineNs);
    }
    if (earliestNs === Infinity) return;
    const delayNs = earliestNs - this.queue.clock.now();
    this.replenishment = this.queue.clock.after(delayNs, () => this.replenishAll());
  }

  private replenishAll(): void {
    this.queue.settle();
    const nowNs = this.queue.clock.now();
    for (const [unit, server] of this.servers) {
      if (unit.state !== 'asleep' && nowNs >= server.deadlineNs) replenish(unit, server, nowNs);
    }
    this.arm();
    this.queue.reschedule();
  }
}

/** A full budget, to be used before the end of the period that `nowNs` is in. */
const replenish = ({rtds}: SchedUnit, server: Server, nowNs: number): void => {
  const periodNs = rtds.periodUs * NS_PER_US;
  server.deadlineNs += (Math.floor((nowNs - server.deadlineNs) / periodNs) + 1) * periodNs;
  server.budgetNs = rtds.budgetUs * NS_PER_US;
  server.level = 0;
};
