import type {DomId, Hypervisor} from '../../../hypervisor/index.ts';
import type {XsClient} from '../../../hypervisor/xenstore/index.ts';
import type {CompleteDomainConfig, JsonObject, JsonValue} from '../../config/index.ts';
import {ToolstackError} from '../../errors.ts';
import {CpuPools} from './cpu-pools.ts';
import {type DomainSchedule, DomainSchedules, type ScheduleChange} from './domain-schedules.ts';
import type {Scheduler} from './scheduler.ts';
import {type Affinity, type VcpuListing, Vcpus} from './vcpus.ts';

/** libxl's ERROR_INVAL. */
const EXIT_BAD_POOL = 6;

export interface CpuControlParts {
  xen: Hypervisor;
  xs: XsClient;
  hostCpus: readonly number[];
  nameOf: (domid: DomId) => string | undefined;
}

/** Who runs where and how much: vCPUs, pools and the schedulers' parameters. ESRCH for a domain that is not there. */
export class CpuControl {
  readonly pools: CpuPools;
  private readonly parts: CpuControlParts;
  private readonly virtual: Vcpus;
  private readonly schedules: DomainSchedules;

  constructor(parts: CpuControlParts) {
    const {xen, xs, hostCpus} = parts;
    this.parts = parts;
    this.virtual = new Vcpus(xen, xs, hostCpus);
    this.pools = new CpuPools(xs, hostCpus, () => xen.domainTable.keys());
    this.schedules = new DomainSchedules(xen, this.pools);
  }

  vcpus(domid: DomId): VcpuListing[] {
    return this.virtual.list(domid, this.nameOf(domid));
  }

  async setOnline(domid: DomId, count: number): Promise<void> {
    this.nameOf(domid);
    await this.virtual.setOnline(domid, count);
  }

  pin(domid: DomId, vcpu: number | undefined, change: Partial<Affinity>): void {
    this.nameOf(domid);
    this.virtual.pin(domid, vcpu, change);
  }

  movePool(domid: DomId, pool: number): void {
    this.nameOf(domid);
    this.pools.move(domid, pool);
  }

  schedule(domid: DomId): DomainSchedule {
    return this.schedules.get(domid, this.nameOf(domid));
  }

  setSchedule(domid: DomId, scheduler: Scheduler, change: ScheduleChange): void {
    this.nameOf(domid);
    this.schedules.set(domid, scheduler, change);
  }

  /** The pool that a config asks for. ENOENT when there is none of that name or number. */
  poolFor({libxl}: CompleteDomainConfig): number {
    const {pool_name: name} = libxl.createInfo;
    const pool = typeof name === 'string' ? this.pools.find(name) : 0;
    if (pool !== undefined) return pool;
    throw new ToolstackError('ENOENT', `libxl: error: Illegal pool specified: ${name as string}`, EXIT_BAD_POOL);
  }

  /** What a config says of a new domain's CPUs. */
  place(domid: DomId, config: CompleteDomainConfig): void {
    const pool = this.poolFor(config);
    if (pool !== 0) this.pools.move(domid, pool);
    this.pinVcpus(domid, config.libxl.buildInfo);
    const {weight, cap} = config.libxl.schedParams;
    const change = {...(typeof weight === 'number' && {weight}), ...(typeof cap === 'number' && {cap})};
    if (Object.keys(change).length > 0) this.schedules.set(domid, this.pools.schedulerOf(domid), change);
  }

  /** Of cpus= and cpus_soft=, what the host has. */
  private pinVcpus(domid: DomId, {vcpu_hard_affinity: hard, vcpu_soft_affinity: soft}: JsonObject): void {
    const {xen, hostCpus} = this.parts;
    const present = (maps: JsonValue | undefined, vcpu: number): number[] => {
      const map = Array.isArray(maps) ? (maps as readonly JsonValue[])[vcpu] : undefined;
      return Array.isArray(map) ? hostCpus.filter((cpu) => (map as readonly JsonValue[]).includes(cpu)) : [];
    };
    for (let vcpu = 0; vcpu < (xen.domain(domid)?.vcpus.length ?? 0); vcpu++) {
      const [hardCpus, softCpus] = [present(hard, vcpu), present(soft, vcpu)];
      this.virtual.pin(domid, vcpu, {
        ...(hardCpus.length > 0 && {hard: hardCpus}),
        ...(softCpus.length > 0 && {soft: softCpus}),
      });
    }
  }

  forget(domid: DomId): void {
    this.virtual.forget(domid);
    this.pools.forget(domid);
    this.schedules.forget(domid);
  }

  /** A domain that was just made, or that is made just now, may have no name yet. */
  private nameOf(domid: DomId): string {
    if (this.parts.xen.domain(domid) !== undefined) return this.parts.nameOf(domid) ?? '(null)';
    throw new ToolstackError('ESRCH', `libxl: error: Domain ${domid}:Non-existant domain`);
  }
}
