import {EBUSY, EINVAL, ENODEV, ENOENT} from '../errno.ts';
import type {Schedule} from '../schedule/index.ts';
import {Arinc653, type ArincSchedule, isArincSchedule} from './arinc653.ts';
import {CpuPool} from './cpu-pool.ts';
import type {PolicyName} from './policy.ts';
import {type CreditParameters, type RtdsParameters, SchedDomain, type SchedOwner} from './sched-domain.ts';
import type {SchedUnit} from './unit.ts';

const POOL0 = 0;

export interface SchedOptions {
  /** CPUs of the host, 1 or more; one by default. */
  cpus?: number;
  /** Of the first pool; credit2 by default. */
  policy?: PolicyName;
}

/**
 * All CPUs and who runs on them. Results are 0 or -errno. Pools and parameters are @see sysctl.h, cpupool_op and
 * domctl.h, scheduler_op.
 */
export class Sched {
  /** By number. */
  readonly cpus: readonly number[];
  private readonly clock: Schedule;
  private readonly poolTable = new Map<number, CpuPool>();

  constructor(clock: Schedule, {cpus = 1, policy = 'credit2'}: SchedOptions = {}) {
    this.clock = clock;
    this.cpus = Array.from({length: cpus}, (_, cpu) => cpu);
    this.poolTable.set(POOL0, new CpuPool(POOL0, clock, policy, this.cpus));
  }

  /** By id. */
  get pools(): ReadonlyMap<number, CpuPool> {
    return this.poolTable;
  }

  get freeCpus(): number[] {
    const used = new Set(Array.from(this.poolTable.values(), ({cpus}) => cpus).flat());
    return this.cpus.filter((cpu) => !used.has(cpu));
  }

  /** Into the first pool. */
  addDomain(owner: SchedOwner, vcpus: number): SchedDomain {
    const domain = new SchedDomain(owner, vcpus, this.pool(POOL0));
    domain.pool.addDomain(domain);
    return domain;
  }

  removeDomain(domain: SchedDomain): void {
    for (const unit of domain.units) unit.stop();
    domain.pool.removeDomain(domain);
  }

  /** Makes a pool without CPUs and returns its id. */
  createPool(policy: PolicyName): number {
    let id = POOL0 + 1;
    while (this.poolTable.has(id)) id++;
    this.poolTable.set(id, new CpuPool(id, this.clock, policy, []));
    return id;
  }

  /** -EBUSY with domains in it, and for the first pool. */
  destroyPool(id: number): number {
    const pool = this.poolTable.get(id);
    if (pool === undefined) return -ENOENT;
    if (id === POOL0 || pool.domains.size > 0) return -EBUSY;
    for (const cpu of pool.cpus) pool.removeCpu(cpu);
    this.poolTable.delete(id);
    return 0;
  }

  /** -EBUSY when it is in a pool already. */
  addCpu(id: number, cpu: number): number {
    const pool = this.poolTable.get(id);
    if (pool === undefined) return -ENOENT;
    if (!this.freeCpus.includes(cpu)) return -EBUSY;
    pool.addCpu(cpu);
    return 0;
  }

  /** -EBUSY for the last one that domains have; dom0 is always in the first pool. */
  removeCpu(id: number, cpu: number): number {
    const pool = this.poolTable.get(id);
    if (pool === undefined || !pool.cpus.includes(cpu)) return -ENOENT;
    if (pool.cpus.length === 1 && (id === POOL0 || pool.domains.size > 0)) return -EBUSY;
    pool.removeCpu(cpu);
    return 0;
  }

  /** Its parameters are those of a new domain then. -ENODEV when the pool has no CPU; dom0 stays: -EINVAL. */
  moveDomain(domain: SchedDomain, id: number): number {
    const pool = this.poolTable.get(id);
    if (pool === undefined) return -ENOENT;
    if (domain.owner.privileged) return -EINVAL;
    if (pool.cpus.length === 0) return -ENODEV;
    if (pool === domain.pool) return 0;
    domain.pool.removeDomain(domain);
    domain.resetParameters();
    pool.addDomain(domain);
    return 0;
  }

  setCredit(domain: SchedDomain, credit: CreditParameters): void {
    domain.credit = credit;
    domain.pool.adjust(domain);
  }

  setRtds(unit: SchedUnit, rtds: RtdsParameters): void {
    unit.rtds = rtds;
    unit.domain.pool.adjust(unit.domain);
  }

  /** -EINVAL for a table that is none or does not fit into its frame, and in a pool of another scheduler. */
  setArincSchedule(id: number, schedule: ArincSchedule): number {
    const pool = this.poolTable.get(id);
    if (pool === undefined) return -ENOENT;
    if (!(pool.policy instanceof Arinc653) || !isArincSchedule(schedule)) return -EINVAL;
    pool.policy.setSchedule(schedule);
    return 0;
  }

  private pool(id: number): CpuPool {
    const pool = this.poolTable.get(id);
    if (pool === undefined) throw new Error(`there is no cpupool ${id}`);
    return pool;
  }
}
