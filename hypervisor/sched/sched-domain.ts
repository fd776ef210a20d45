import type {Task} from '../schedule/index.ts';
import type {CpuPool} from './cpu-pool.ts';
import {SchedUnit} from './unit.ts';

/** What the scheduler needs of a domain. */
export interface SchedOwner {
  readonly id: number;
  /** UUID string: how an ARINC 653 schedule names its partitions. */
  readonly handle: string;
  /** Dom0: its tasks are the host's own and run at once. */
  readonly privileged: boolean;
  readonly isRunnable: () => boolean;
  /** Queues a task that runs once the domain may run. */
  readonly post: (task: Task) => void;
}

/** Of a vCPU under RTDS. @see domctl.h, xen_domctl_sched_rtds */
export interface RtdsParameters {
  readonly periodUs: number;
  readonly budgetUs: number;
  readonly extratime: boolean;
}

/** Of a domain under credit and credit2: its share, and percents of a CPU that it may not exceed; 0: no such limit. */
export interface CreditParameters {
  readonly weight: number;
  readonly cap: number;
}

export const DEFAULT_CREDIT: CreditParameters = {weight: 256, cap: 0};
export const DEFAULT_RTDS: RtdsParameters = {periodUs: 10_000, budgetUs: 4000, extratime: true};

/** A domain as the scheduler knows it: where its vCPUs run, and what they may use. */
export class SchedDomain {
  readonly owner: SchedOwner;
  readonly units: readonly SchedUnit[];
  pool: CpuPool;
  credit = DEFAULT_CREDIT;

  constructor(owner: SchedOwner, vcpus: number, pool: CpuPool) {
    this.owner = owner;
    this.pool = pool;
    this.units = Array.from({length: vcpus}, (_, index) => new SchedUnit(this, index));
  }

  get id(): number {
    return this.owner.id;
  }

  /** The domain was paused, unpaused, shut down or resumed. */
  refresh(): void {
    for (const unit of this.units) unit.refresh();
  }

  /** What a domain gets that comes into a pool. */
  resetParameters(): void {
    this.credit = DEFAULT_CREDIT;
    for (const unit of this.units) unit.rtds = DEFAULT_RTDS;
  }
}
