import type {Task} from '../schedule/index.ts';
import {DEFAULT_RTDS, type RtdsParameters, type SchedDomain} from './sched-domain.ts';

/** A piece of a vCPU's work: so much time of a CPU, and what happens then. */
interface Job {
  costNs: number;
  readonly task: Task;
}

export type UnitState = 'asleep' | 'waiting' | 'running';

const nothing: Task = () => undefined;

/**
 * A vCPU as the scheduler sees it: a line of jobs. It is runnable while there are some; a job's task runs on the host's
 * queue once the vCPU has had a CPU for the job's cost. @see xen/include/xen/sched.h, struct sched_unit
 */
export class SchedUnit {
  readonly domain: SchedDomain;
  readonly index: number;
  /** CPUs that it may run on, and those that it had better; undefined: all. */
  hard: ReadonlySet<number> | undefined;
  soft: ReadonlySet<number> | undefined;
  rtds: RtdsParameters = DEFAULT_RTDS;
  /** CPU that it runs on, or has last run on. */
  cpu = 0;
  state: UnitState = 'asleep';
  /** When it came into that state. */
  sinceNs = 0;
  /** Everything that it does has to wait for a CPU: there is work before it, or its share is limited. */
  gated = false;
  private readonly jobs: Job[] = [];
  private onlineNow: boolean;
  private isMetered = false;
  private isStopped = false;
  /** Its next job is in the host's queue. */
  private posted = false;
  private executing = false;
  private computedNs = 0;

  constructor(domain: SchedDomain, index: number) {
    this.domain = domain;
    this.index = index;
    this.onlineNow = index === 0;
  }

  get online(): boolean {
    return this.onlineNow;
  }

  /** Nanoseconds of a CPU that it has got for the cost of jobs. */
  get paidNs(): number {
    this.domain.pool.settleUnit(this);
    return this.computedNs;
  }

  /** It has nothing to do. */
  get idle(): boolean {
    return this.jobs.length === 0 && !this.executing;
  }

  /** What its next job still costs. */
  get owedNs(): number {
    return this.jobs[0]?.costNs ?? 0;
  }

  setOnline(online: boolean): void {
    if (online === this.onlineNow) return;
    const {pool} = this.domain;
    if (online) pool.addUnit(this);
    this.onlineNow = online;
    this.refresh();
    if (!online) pool.removeUnit(this);
  }

  /** Its tasks wait for a CPU even when it has no other work. */
  setMetered(metered: boolean): void {
    this.isMetered = metered;
    this.gated = metered || !this.idle;
  }

  /** Work at the end of the line. */
  submit(costNs: number, task: Task = nothing): void {
    this.enqueue({costNs: Math.max(0, costNs), task}, false);
  }

  /** Work that comes before all other: what the vCPU is to do as soon as it runs. */
  interrupt(task: Task): void {
    this.enqueue({costNs: 0, task}, true);
  }

  /** Wakes it or puts it to sleep, by what it has to do and may do. */
  refresh(): void {
    const isRunnable = !this.idle && this.onlineNow && this.domain.owner.isRunnable() && !this.isStopped;
    const {pool} = this.domain;
    if (isRunnable && this.state === 'asleep') pool.wake(this);
    else if (!isRunnable && this.state !== 'asleep') pool.sleep(this);
  }

  /** It has run for `ranNs`. */
  pay(ranNs: number): void {
    if (this.owedNs === 0) return;
    const [job] = this.jobs;
    const leftNs = job.costNs - ranNs;
    // Less than a nanosecond is what floating point leaves.
    job.costNs = leftNs < 1 ? 0 : leftNs;
    this.computedNs += ranNs;
  }

  /** It runs and owes nothing: its next job is due. */
  postJob(): void {
    if (this.posted || this.executing) return;
    this.posted = true;
    this.domain.owner.post(this.runJob);
  }

  stop(): void {
    this.isStopped = true;
    this.jobs.length = 0;
    this.refresh();
  }

  /** "d1v0" */
  toString(): string {
    return `d${this.domain.id}v${this.index}`;
  }

  private enqueue(job: Job, first: boolean): void {
    if (this.isStopped) return;
    if (first) this.jobs.unshift(job);
    else this.jobs.push(job);
    this.gated = true;
    if (this.state === 'asleep') this.refresh();
    else if (first && this.state === 'running') this.domain.pool.arm(this.cpu);
  }

  private readonly runJob: Task = () => {
    this.posted = false;
    // It lost its CPU meanwhile: the job is due again when it has one.
    if (this.state !== 'running' || this.owedNs > 0) return;
    const job = this.jobs.shift();
    this.executing = true;
    try {
      job?.task();
    } finally {
      this.executing = false;
      this.gated = this.isMetered || this.jobs.length > 0;
      this.refresh();
      if (this.state === 'running') this.domain.pool.arm(this.cpu);
    }
  };
}
