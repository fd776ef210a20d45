import type {DomId, Hypervisor} from '../../../hypervisor/index.ts';
import {ToolstackError} from '../../errors.ts';
import type {CpuPools} from './cpu-pools.ts';
import {
  checkCredit,
  checkRtds,
  type CreditParameters,
  DEFAULT_CREDIT,
  DEFAULT_RTDS,
  type RtdsParameters,
  type Scheduler,
} from './scheduler.ts';

/** What a pool's scheduler knows of a domain. */
export interface DomainSchedule extends CreditParameters {
  readonly domid: DomId;
  readonly name: string;
  readonly pool: number;
  readonly scheduler: Scheduler;
  readonly vcpus: readonly RtdsParameters[];
}

export interface ScheduleChange extends Partial<CreditParameters> {
  /** Of one vCPU, or of all of them without `vcpu`. */
  readonly rtds?: RtdsParameters & {readonly vcpu?: number};
}

/** Parameters of the schedulers for domains: kept and checked, while one run queue serves all domains in turn. */
export class DomainSchedules {
  private readonly xen: Hypervisor;
  private readonly pools: CpuPools;
  private readonly credits = new Map<DomId, CreditParameters>();
  private readonly rtds = new Map<DomId, readonly RtdsParameters[]>();

  constructor(xen: Hypervisor, pools: CpuPools) {
    this.xen = xen;
    this.pools = pools;
  }

  get(domid: DomId, name: string): DomainSchedule {
    return {
      domid,
      name,
      pool: this.pools.poolOf(domid),
      scheduler: this.pools.schedulerOf(domid),
      ...this.creditOf(domid),
      vcpus: this.rtdsOf(domid),
    };
  }

  /** EINVAL for values out of range, and for a scheduler that is not that of the domain's pool. */
  set(domid: DomId, scheduler: Scheduler, {rtds, ...credit}: ScheduleChange): void {
    if (scheduler !== this.pools.schedulerOf(domid)) {
      throw new ToolstackError(
        'EINVAL',
        `libxl: error: Domain ${domid}:Setting domain sched ${scheduler}: Invalid argument`,
      );
    }
    const vcpus = this.rtdsOf(domid);
    const credits = {...this.creditOf(domid), ...credit};
    checkCredit(domid, credits, vcpus.length);
    this.credits.set(domid, credits);
    if (rtds !== undefined) this.setRtds(domid, vcpus, rtds);
  }

  forget(domid: DomId): void {
    this.credits.delete(domid);
    this.rtds.delete(domid);
  }

  private setRtds(
    domid: DomId,
    vcpus: readonly RtdsParameters[],
    {vcpu, ...change}: RtdsParameters & {vcpu?: number},
  ): void {
    if (vcpu !== undefined && vcpu >= vcpus.length) {
      throw new ToolstackError(
        'EINVAL',
        `libxl: error: Domain ${domid}:VCPU index is out of range, valid values are within range from 0 to ${vcpus.length - 1}`,
      );
    }
    checkRtds(domid, change);
    this.rtds.set(
      domid,
      vcpus.map((old, index) => (vcpu === undefined || vcpu === index ? change : old)),
    );
  }

  private creditOf(domid: DomId): CreditParameters {
    return this.credits.get(domid) ?? DEFAULT_CREDIT;
  }

  private rtdsOf(domid: DomId): readonly RtdsParameters[] {
    const count = this.xen.domain(domid)?.vcpus.length ?? 0;
    return this.rtds.get(domid) ?? Array.from({length: count}, () => DEFAULT_RTDS);
  }
}
