import type {DomId, Hypervisor} from '../../../hypervisor/index.ts';
import type {XsClient} from '../../../hypervisor/xenstore/index.ts';
import {
  type CompleteDomainConfig,
  type DomainConfig,
  type JsonObject,
  type JsonValue,
  scheduleToJson,
} from '../../config/index.ts';
import {ToolstackError} from '../../errors.ts';
import type {DomainRecord} from '../record.ts';
import {CpuPools} from './cpu-pools.ts';
import {type DomainSchedule, DomainSchedules, type ScheduleChange} from './domain-schedules.ts';
import type {Scheduler} from './scheduler.ts';
import {type Affinity, type VcpuListing, Vcpus} from './vcpus.ts';

/** libxl's ERROR_INVAL. */
const EXIT_BAD_POOL = 6;

export interface CpuControlParts {
  xen: Hypervisor;
  xs: XsClient;
  nameOf: (domid: DomId) => string | undefined;
  /** Undefined for dom0. */
  recordOf: (domid: DomId) => DomainRecord | undefined;
}

/** Who runs where and how much: vCPUs, pools and the schedulers' parameters, in libxl's words. ESRCH for a domain that is not there. */
export class CpuControl {
  readonly pools: CpuPools;
  private readonly parts: CpuControlParts;
  private readonly virtual: Vcpus;
  private readonly schedules: DomainSchedules;

  constructor(parts: CpuControlParts) {
    const {xen, xs} = parts;
    this.parts = parts;
    this.virtual = new Vcpus(xen, xs);
    this.pools = new CpuPools(xen, xs);
    this.schedules = new DomainSchedules(xen);
  }

  vcpus(domid: DomId): VcpuListing[] {
    return this.virtual.list(domid, this.nameOf(domid));
  }

  async setOnline(domid: DomId, count: number): Promise<void> {
    this.nameOf(domid);
    await this.virtual.setOnline(domid, count);
    this.changeConfig(domid, (config) => ({...config, vcpus: count}));
  }

  pin(domid: DomId, vcpu: number | undefined, change: Partial<Affinity>): void {
    this.nameOf(domid);
    this.virtual.pin(domid, vcpu, change);
  }

  movePool(domid: DomId, pool: number): void {
    this.nameOf(domid);
    this.pools.move(domid, pool);
    this.keepSchedule(domid);
  }

  schedule(domid: DomId): DomainSchedule {
    return this.schedules.get(domid, this.nameOf(domid));
  }

  setSchedule(domid: DomId, scheduler: Scheduler, change: ScheduleChange): void {
    this.nameOf(domid);
    this.schedules.set(domid, scheduler, change);
    this.keepSchedule(domid);
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
    this.weigh(domid, config.libxl.schedParams);
    this.keepSchedule(domid);
  }

  /** Of its scheduling parameters, those that the scheduler of its pool has. */
  private weigh(domid: DomId, {weight, cap, period, budget, extratime}: JsonObject): void {
    const scheduler = this.pools.schedulerOf(domid);
    if (scheduler === 'rtds') {
      const [rtds] = this.schedule(domid).vcpus;
      const change = {
        ...numberIn('period', period),
        ...numberIn('budget', budget),
        ...(extratime !== undefined && {extratime: extratime !== 0}),
      };
      if (Object.keys(change).length > 0) this.schedules.set(domid, scheduler, {rtds: {...rtds, ...change}});
      return;
    }
    const change = {...numberIn('weight', weight), ...numberIn('cap', cap)};
    if (Object.keys(change).length > 0) this.schedules.set(domid, scheduler, change);
  }

  /** Of cpus= and cpus_soft=, what the host has. */
  private pinVcpus(domid: DomId, {vcpu_hard_affinity: hard, vcpu_soft_affinity: soft}: JsonObject): void {
    const {xen} = this.parts;
    const present = (maps: JsonValue | undefined, vcpu: number): number[] => {
      const map = Array.isArray(maps) ? (maps as readonly JsonValue[])[vcpu] : undefined;
      return Array.isArray(map) ? xen.sched.cpus.filter((cpu) => (map as readonly JsonValue[]).includes(cpu)) : [];
    };
    for (let vcpu = 0; vcpu < (xen.domain(domid)?.vcpus.length ?? 0); vcpu++) {
      const [hardCpus, softCpus] = [present(hard, vcpu), present(soft, vcpu)];
      this.virtual.pin(domid, vcpu, {
        ...(hardCpus.length > 0 && {hard: hardCpus}),
        ...(softCpus.length > 0 && {soft: softCpus}),
      });
    }
  }

  /** The config of a domain's next life says what its scheduler says now, and `xl list -l` shows that. */
  private keepSchedule(domid: DomId): void {
    const schedParams = scheduleToJson(this.schedule(domid));
    this.changeConfig(domid, (config) => ({...config, libxl: {...config.libxl, schedParams}}));
  }

  private changeConfig(domid: DomId, change: (config: DomainConfig) => DomainConfig): void {
    const record = this.parts.recordOf(domid);
    if (record !== undefined) record.config = change(record.config);
  }

  /** A domain that was just made, or that is made just now, may have no name yet. */
  private nameOf(domid: DomId): string {
    if (this.parts.xen.domain(domid) !== undefined) return this.parts.nameOf(domid) ?? '(null)';
    throw new ToolstackError('ESRCH', `libxl: error: Domain ${domid}:Non-existant domain`);
  }
}

const numberIn = <Name extends string>(name: Name, value: JsonValue | undefined): Partial<Record<Name, number>> =>
  typeof value === 'number' ? ({[name]: value} as Record<Name, number>) : {};
