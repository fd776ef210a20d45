import {DOM0, type DomId} from '../../../hypervisor/index.ts';
import type {XsClient} from '../../../hypervisor/xenstore/index.ts';
import {ToolstackError} from '../../errors.ts';
import {checkPool, DEFAULT_POOL, type PoolParameters, type Scheduler} from './scheduler.ts';

interface CpuPool {
  readonly id: number;
  name: string;
  readonly scheduler: Scheduler;
  cpus: number[];
  parameters: PoolParameters;
}

export interface CpuPoolListing extends PoolParameters {
  readonly id: number;
  readonly name: string;
  readonly scheduler: Scheduler;
  readonly cpus: readonly number[];
  readonly domains: readonly DomId[];
}

const POOL0 = 0;

/** The host's CPUs in pools, each with a scheduler of its own, and the domains in them. @see sysctl.h, cpupool_op */
export class CpuPools {
  private readonly xs: XsClient;
  private readonly hostCpus: readonly number[];
  private readonly domids: () => Iterable<DomId>;
  private readonly pools = new Map<number, CpuPool>();
  /** Of the domains that are not in the first pool. */
  private readonly homes = new Map<DomId, number>();

  constructor(xs: XsClient, hostCpus: readonly number[], domids: () => Iterable<DomId>) {
    this.xs = xs;
    this.hostCpus = hostCpus;
    this.domids = domids;
    const cpus = [...hostCpus];
    this.pools.set(POOL0, {id: POOL0, name: 'Pool-0', scheduler: 'credit2', cpus, parameters: DEFAULT_POOL});
  }

  list(): CpuPoolListing[] {
    return Array.from(this.pools.values(), ({parameters, ...pool}) => ({
      ...pool,
      ...parameters,
      domains: [...this.domids()].filter((domid) => this.poolOf(domid) === pool.id),
    }));
  }

  poolOf(domid: DomId): number {
    return this.homes.get(domid) ?? POOL0;
  }

  schedulerOf(domid: DomId): Scheduler {
    return this.pool(this.poolOf(domid)).scheduler;
  }

  /** By name, or by number. */
  find(nameOrId: string): number | undefined {
    for (const {id, name} of this.pools.values()) if (name === nameOrId || String(id) === nameOrId) return id;
    return undefined;
  }

  /** EEXIST for a name that is taken, EBUSY for a CPU that is not free. */
  async create(name: string, scheduler: Scheduler, cpus: readonly number[]): Promise<number> {
    if (this.find(name) !== undefined) throw refusal('EEXIST', `cpupool ${name} exists`);
    if (cpus.some((cpu) => !this.freeCpus.includes(cpu))) throw refusal('EBUSY', 'a CPU is not free');
    let id = 1;
    while (this.pools.has(id)) id++;
    this.pools.set(id, {id, name, scheduler, cpus: [...cpus], parameters: DEFAULT_POOL});
    await this.xs.write(`/local/pool/${id}/name`, name);
    return id;
  }

  /** EBUSY with domains in it; the first pool stays. */
  async destroy(id: number): Promise<void> {
    this.pool(id);
    if (id === POOL0 || this.isUsed(id)) throw refusal('EBUSY', `cpupool ${id}: error destroying cpupool: busy`);
    this.pools.delete(id);
    await this.xs.rm(`/local/pool/${id}`);
  }

  async rename(id: number, name: string): Promise<void> {
    const owner = this.find(name);
    if (owner !== undefined && owner !== id) throw refusal('EEXIST', `cpupool ${name} exists`);
    this.pool(id).name = name;
    await this.xs.write(`/local/pool/${id}/name`, name);
  }

  /** EBUSY when one of them is in a pool already; the others are added. */
  addCpus(id: number, cpus: readonly number[]): void {
    const {freeCpus} = this;
    const pool = this.pool(id);
    const taken = cpus.filter((cpu) => freeCpus.includes(cpu));
    pool.cpus = [...pool.cpus, ...taken].sort((a, b) => a - b);
    if (taken.length < cpus.length) throw refusal('EBUSY', `cpupool ${id}: error adding cpu: Device or resource busy`);
  }

  /** EBUSY when one of them is not in the pool, or is the last that domains have. */
  removeCpus(id: number, cpus: readonly number[]): void {
    const pool = this.pool(id);
    const left = pool.cpus.filter((cpu) => !cpus.includes(cpu));
    const isMissing = cpus.some((cpu) => !pool.cpus.includes(cpu));
    if (isMissing || (left.length === 0 && this.isUsed(id))) {
      throw refusal('EBUSY', `cpupool ${id}: error removing cpu: Device or resource busy`);
    }
    pool.cpus = left;
  }

  /** ENODEV when the pool has no CPU; dom0 stays where it is. */
  move(domid: DomId, id: number): void {
    if (this.pool(id).cpus.length === 0) throw refusal('ENODEV', `Domain ${domid}:cpupool ${id} has no CPUs`);
    if (domid === DOM0) throw refusal('EINVAL', 'Domain 0:Error moving domain to cpupool');
    this.homes.set(domid, id);
  }

  /** EINVAL when a value is out of its range. */
  setParameters(id: number, change: Partial<PoolParameters>): void {
    const pool = this.pool(id);
    const parameters = {...pool.parameters, ...change};
    checkPool(parameters);
    pool.parameters = parameters;
  }

  forget(domid: DomId): void {
    this.homes.delete(domid);
  }

  private get freeCpus(): number[] {
    const used = new Set(Array.from(this.pools.values(), ({cpus}) => cpus).flat());
    return this.hostCpus.filter((cpu) => !used.has(cpu));
  }

  private isUsed(id: number): boolean {
    for (const domid of this.domids()) if (this.poolOf(domid) === id) return true;
    return false;
  }

  private pool(id: number): CpuPool {
    const pool = this.pools.get(id);
    if (pool === undefined) throw refusal('ENOENT', `cpupool ${id} does not exist`);
    return pool;
  }
}

const refusal = (code: string, reason: string): ToolstackError => new ToolstackError(code, `libxl: error: ${reason}`);
