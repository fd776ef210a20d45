import {type Choice, IDLE, type Policy, type RunQueue} from './policy.ts';
import type {SchedUnit} from './unit.ts';

/** A vCPU's window in the major frame. @see sysctl.h, xen_sysctl_arinc653_schedule */
export interface ArincSlot {
  /** UUID string of the domain. */
  readonly handle: string;
  readonly vcpu: number;
  readonly runtimeNs: number;
}

export interface ArincSchedule {
  readonly majorFrameNs: number;
  /** Windows in their order, 1..64 of them; what is left of the frame is idle. */
  readonly slots: readonly ArincSlot[];
}

/** @see sysctl.h, ARINC653_MAX_DOMAINS_PER_SCHEDULE */
const MAX_SLOTS = 64;

export const isArincSchedule = ({majorFrameNs, slots}: ArincSchedule): boolean =>
  slots.length >= 1 &&
  slots.length <= MAX_SLOTS &&
  slots.every(({runtimeNs}) => runtimeNs > 0) &&
  slots.reduce((sum, {runtimeNs}) => sum + runtimeNs, 0) <= majorFrameNs;

/**
 * Time and space partitioning: one CPU runs a table of windows over and over. A vCPU runs in its windows only, and a
 * window that its vCPU does not use stays empty. Without a table nobody runs. @see xen/common/sched/arinc653.c
 */
export class Arinc653 implements Policy {
  readonly name = 'arinc653';
  readonly title = 'ARINC 653 Scheduler';
  readonly strict = true;
  readonly usesSoftAffinity = false;
  private readonly queue: RunQueue;
  private table: ArincSchedule | undefined;
  /** When the table was set: its first major frame began there and then. */
  private startNs = 0;

  constructor(queue: RunQueue) {
    this.queue = queue;
  }

  setSchedule(table: ArincSchedule): void {
    this.table = table;
    this.startNs = this.queue.clock.now();
    this.queue.reschedule();
  }

  /** One CPU keeps the frame, whatever the pool has. */
  cpuOf(): number {
    return this.queue.cpus[0] ?? -1;
  }

  pick(cpu: number, current: SchedUnit | undefined, nowNs: number): Choice {
    if (this.table === undefined || cpu !== this.cpuOf()) return IDLE;
    const candidates = this.queue.waitingFor(cpu);
    if (current !== undefined) candidates.push(current);
    // With nobody to run, the next wake-up will look which window it is.
    if (candidates.length === 0) return IDLE;
    const {slot, leftNs} = windowAt(this.table, nowNs - this.startNs);
    const unit = candidates.find(({domain, index}) => domain.owner.handle === slot?.handle && index === slot.vcpu);
    return {unit, sliceNs: leftNs};
  }

  dump(): string[] {
    if (this.table === undefined) return ['\tno schedule'];
    return [
      `\tmajor frame        = ${this.table.majorFrameNs}ns`,
      ...this.table.slots.map(({handle, vcpu, runtimeNs}) => `\t${handle} v${vcpu} ${runtimeNs}ns`),
    ];
  }

  describe(unit: SchedUnit): string {
    return `cpu=${unit.cpu} ${unit.state}`;
  }
}

/** The window that a time since the first frame falls in, none for the idle rest; and what is left of it. */
const windowAt = (
  {majorFrameNs, slots}: ArincSchedule,
  sinceStartNs: number,
): {slot: ArincSlot | undefined; leftNs: number} => {
  const inFrameNs = sinceStartNs % majorFrameNs;
  let endNs = 0;
  for (const slot of slots) {
    endNs += slot.runtimeNs;
    if (inFrameNs < endNs) return {slot, leftNs: endNs - inFrameNs};
  }
  return {slot: undefined, leftNs: majorFrameNs - inFrameNs};
};
