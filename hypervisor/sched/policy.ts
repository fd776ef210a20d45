import type {Schedule} from '../schedule/index.ts';
import type {SchedDomain} from './sched-domain.ts';
import type {SchedUnit} from './unit.ts';

export const POLICIES = ['credit', 'credit2', 'rtds', 'arinc653', 'null'] as const;
export type PolicyName = (typeof POLICIES)[number];

/** What a pool's administrator may set. Credit has all of them, credit2 the rate limit. @see sysctl.h, xen_sysctl_credit_schedule */
export interface PoolParameters {
  readonly tsliceMs: number;
  /** A vCPU runs at least so long before another takes its CPU; 0: no such rule. */
  readonly ratelimitUs: number;
  readonly migrationDelayUs: number;
}

export const DEFAULT_POOL: PoolParameters = {tsliceMs: 30, ratelimitUs: 1000, migrationDelayUs: 0};

/** What a CPU runs next, and for how long at most; Infinity: until something changes. */
export interface Choice {
  readonly unit: SchedUnit | undefined;
  readonly sliceNs: number;
}

export const IDLE: Choice = {unit: undefined, sliceNs: Infinity};

/** The pool as its policy sees it. */
export interface RunQueue {
  readonly clock: Schedule;
  readonly parameters: PoolParameters;
  /** CPUs, lowest first. */
  readonly cpus: readonly number[];
  /** All vCPUs of the pool that are online. */
  readonly units: ReadonlySet<SchedUnit>;
  /** Those that want to run and may do so on that CPU, the longest waiting first. */
  waitingFor(cpu: number): SchedUnit[];
  /** Accounts for all that runs, until now. */
  settle(): void;
  /** Lets every CPU choose anew: something became runnable or lost its right to run. */
  reschedule(): void;
}

/** A scheduler of Xen's: who runs next, and for how long. @see xen/common/sched/private.h, struct scheduler */
export interface Policy {
  readonly name: PolicyName;
  /** Xen's name of it. */
  readonly title: string;
  /** Every task of every vCPU needs a CPU that this policy gives, even where nobody contends for one. */
  readonly strict: boolean;
  /** Prefers CPUs of the soft affinity. */
  readonly usesSoftAffinity: boolean;
  /** `current` is what runs there, if it still can. */
  pick(cpu: number, current: SchedUnit | undefined, nowNs: number): Choice;
  add?(unit: SchedUnit): void;
  remove?(unit: SchedUnit): void;
  wake?(unit: SchedUnit, nowNs: number): void;
  sleep?(unit: SchedUnit): void;
  /** The unit has run for `ranNs` until now. */
  burn?(unit: SchedUnit, ranNs: number, nowNs: number): void;
  /** Whether one that waits is to take the CPU of one that runs. */
  preempts?(waiting: SchedUnit, running: SchedUnit): boolean;
  /** The only CPU that the unit can run on, -1 when there is none; without this method all are alike. */
  cpuOf?(unit: SchedUnit): number;
  /** CPUs came or went, or the affinity of a unit changed. */
  cpusChanged?(): void;
  /** Parameters of the domain were set. */
  adjusted?(domain: SchedDomain): void;
  /** Settings and state of the whole, in the lines of debug key 'r'. */
  dump(): string[];
  /** A unit's state in a line. */
  describe(unit: SchedUnit): string;
}
