import {type DomId, errnoName, type Hypervisor} from '../../../hypervisor/index.ts';
import type {ArincSchedule, CpuPool, PoolParameters, Sched} from '../../../hypervisor/sched/index.ts';
import type {XsClient} from '../../../hypervisor/xenstore/index.ts';
import {ToolstackError} from '../../errors.ts';
import {checkPool, policyOf, type Scheduler} from './scheduler.ts';

export interface CpuPoolListing extends PoolParameters {
  readonly id: number;
  readonly name: string;
  readonly scheduler: Scheduler;
  readonly cpus: readonly number[];
  readonly domains: readonly DomId[];
}

const POOL0 = 0;

/** The hypervisor's CPU pools with what the toolstack adds: names, in the store too, and libxl's reasons. */
export class CpuPools {
  private readonly xen: Hypervisor;
  private readonly xs: XsClient;
  private readonly names = new Map([[POOL0, 'Pool-0']]);

  constructor(xen: Hypervisor, xs: XsClient) {
    this.xen = xen;
    this.xs = xs;
  }

  list(): CpuPoolListing[] {
    return Array.from(this.sched.pools.values(), ({id, policy, cpus, parameters}) => ({
      id,
      name: this.names.get(id) ?? '',
      scheduler: policy.name,
      cpus,
      ...parameters,
      domains: this.domainsOf(id),
    }));
  }

  poolOf(domid: DomId): number {
    return this.xen.domain(domid)?.sched.pool.id ?? POOL0;
  }

  schedulerOf(domid: DomId): Scheduler {
    return this.pool(this.poolOf(domid)).policy.name;
  }

  /** By name, or by number. */
  find(nameOrId: string): number | undefined {
    for (const [id, name] of this.names) if (name === nameOrId || String(id) === nameOrId) return id;
    return undefined;
  }

  /** EEXIST for a name that is taken, EBUSY for a CPU that is not free, EINVAL for a scheduler that Xen has no more. */
  async create(name: string, scheduler: Scheduler, cpus: readonly number[]): Promise<number> {
    if (this.find(name) !== undefined) throw refusal('EEXIST', `cpupool ${name} exists`);
    if (cpus.some((cpu) => !this.sched.freeCpus.includes(cpu))) throw refusal('EBUSY', 'a CPU is not free');
    const id = this.sched.createPool(policyOf(scheduler));
    this.names.set(id, name);
    for (const cpu of cpus) this.sched.addCpu(id, cpu);
    await this.xs.write(`/local/pool/${id}/name`, name);
    return id;
  }

  /** EBUSY with domains in it; the first pool stays. */
  async destroy(id: number): Promise<void> {
    this.pool(id);
    if (this.sched.destroyPool(id) < 0) throw refusal('EBUSY', `cpupool ${id}: error destroying cpupool: busy`);
    this.names.delete(id);
    await this.xs.rm(`/local/pool/${id}`);
  }

  async rename(id: number, name: string): Promise<void> {
    const owner = this.find(name);
    if (owner !== undefined && owner !== id) throw refusal('EEXIST', `cpupool ${name} exists`);
    this.pool(id);
    this.names.set(id, name);
    await this.xs.write(`/local/pool/${id}/name`, name);
  }

  /** EBUSY when one of them is in a pool already; the others are added. */
  addCpus(id: number, cpus: readonly number[]): void {
    this.pool(id);
    const refused = cpus.filter((cpu) => this.sched.addCpu(id, cpu) < 0);
    if (refused.length > 0) throw refusal('EBUSY', `cpupool ${id}: error adding cpu: Device or resource busy`);
  }

  /** EBUSY when one of them is not in the pool, or is the last that domains have; the others are removed. */
  removeCpus(id: number, cpus: readonly number[]): void {
    this.pool(id);
    const refused = cpus.filter((cpu) => this.sched.removeCpu(id, cpu) < 0);
    if (refused.length > 0) throw refusal('EBUSY', `cpupool ${id}: error removing cpu: Device or resource busy`);
  }

  /** ENODEV when the pool has no CPU; dom0 stays where it is. */
  move(domid: DomId, id: number): void {
    this.pool(id);
    const domain = this.xen.domain(domid);
    const result = domain === undefined ? 0 : this.sched.moveDomain(domain.sched, id);
    if (result === 0) return;
    const code = errnoName(result);
    throw code === 'ENODEV'
      ? refusal(code, `Domain ${domid}:cpupool ${id} has no CPUs`)
      : refusal(code, `Domain ${domid}:Error moving domain to cpupool`);
  }

  /** EINVAL when a value is out of its range. */
  setParameters(id: number, change: Partial<PoolParameters>): void {
    const pool = this.pool(id);
    const parameters = {...pool.parameters, ...change};
    checkPool(parameters);
    pool.setParameters(parameters);
  }

  /** EINVAL for a table that does not fit into its frame, and for a pool of another scheduler. */
  setArincSchedule(id: number, schedule: ArincSchedule): void {
    this.pool(id);
    if (this.sched.setArincSchedule(id, schedule) === 0) return;
    throw refusal('EINVAL', `cpupool ${id}: Setting ARINC 653 schedule: Invalid argument`);
  }

  private get sched(): Sched {
    return this.xen.sched;
  }

  private domainsOf(id: number): DomId[] {
    return [...this.xen.domainTable.keys()].filter((domid) => this.poolOf(domid) === id);
  }

  private pool(id: number): CpuPool {
    const pool = this.sched.pools.get(id);
    if (pool === undefined) throw refusal('ENOENT', `cpupool ${id} does not exist`);
    return pool;
  }
}

const refusal = (code: string, reason: string): ToolstackError => new ToolstackError(code, `libxl: error: ${reason}`);
