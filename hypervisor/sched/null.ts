import {type Choice, IDLE, type Policy, type RunQueue} from './policy.ts';
import type {SchedUnit} from './unit.ts';

/**
 * No scheduling: each vCPU has a CPU to itself, and those for which there is none do not run until one is free.
 * @see xen/common/sched/null.c
 */
export class NullPolicy implements Policy {
  readonly name = 'null';
  readonly title = 'null Scheduler';
  readonly strict = true;
  readonly usesSoftAffinity = false;
  private readonly queue: RunQueue;
  private readonly assigned = new Map<SchedUnit, number>();
  /** Those without a CPU, first come, first served. */
  private readonly unassigned = new Set<SchedUnit>();

  constructor(queue: RunQueue) {
    this.queue = queue;
  }

  add(unit: SchedUnit): void {
    this.unassigned.add(unit);
    this.assign();
  }

  remove(unit: SchedUnit): void {
    this.unassigned.delete(unit);
    this.assigned.delete(unit);
    this.assign();
  }

  cpuOf(unit: SchedUnit): number {
    return this.assigned.get(unit) ?? -1;
  }

  pick(cpu: number, current: SchedUnit | undefined): Choice {
    const candidates = this.queue.waitingFor(cpu);
    if (current !== undefined) candidates.push(current);
    const unit = candidates.find((each) => this.assigned.get(each) === cpu);
    return unit === undefined ? IDLE : {unit, sliceNs: Infinity};
  }

  /** Who lost its CPU, or may not be there any more, looks for another. */
  cpusChanged(): void {
    const {cpus} = this.queue;
    for (const [unit, cpu] of this.assigned) {
      if (cpus.includes(cpu) && unit.hard?.has(cpu) !== false) continue;
      this.assigned.delete(unit);
      this.unassigned.add(unit);
    }
    this.assign();
  }

  dump(): string[] {
    const waiting = Array.from(this.unassigned, String);
    return [`\tcpus_free = ${this.freeCpus().join(',')}`, `Waitqueue: ${waiting.join(', ')}`];
  }

  describe(unit: SchedUnit): string {
    return `pcpu=${this.cpuOf(unit)}`;
  }

  private freeCpus(): number[] {
    const taken = new Set(this.assigned.values());
    return this.queue.cpus.filter((cpu) => !taken.has(cpu));
  }

  private assign(): void {
    for (const unit of this.unassigned) {
      const free = this.freeCpus().filter((cpu) => unit.hard?.has(cpu) !== false);
      const cpu = free.find((each) => unit.soft?.has(each) === true) ?? free[0];
      if (cpu === undefined) continue;
      this.unassigned.delete(unit);
      this.assigned.set(unit, cpu);
    }
  }
}
