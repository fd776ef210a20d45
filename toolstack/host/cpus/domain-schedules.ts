import type {DomId, Hypervisor} from '../../../hypervisor/index.ts';
import type {CreditParameters, SchedDomain, SchedUnit} from '../../../hypervisor/sched/index.ts';
import {ToolstackError} from '../../errors.ts';
import {checkCredit, checkRtds, type RtdsTimes, type Scheduler} from './scheduler.ts';

/** What a pool's scheduler knows of a domain. */
export interface DomainSchedule extends CreditParameters {
  readonly domid: DomId;
  readonly name: string;
  readonly pool: number;
  readonly scheduler: Scheduler;
  readonly vcpus: readonly RtdsTimes[];
}

export interface ScheduleChange extends Partial<CreditParameters> {
  /** Of one vCPU, or of all of them without `vcpu`. */
  readonly rtds?: RtdsTimes & {readonly vcpu?: number};
}

/** Parameters of domains under the scheduler of their pool. */
export class DomainSchedules {
  private readonly xen: Hypervisor;

  constructor(xen: Hypervisor) {
    this.xen = xen;
  }

  get(domid: DomId, name: string): DomainSchedule {
    const {pool, credit, units} = this.domain(domid);
    return {domid, name, pool: pool.id, scheduler: pool.policy.name, ...credit, vcpus: units.map(timesOf)};
  }

  /** EINVAL for values out of range, and for a scheduler that is not that of the domain's pool. */
  set(domid: DomId, scheduler: Scheduler, {rtds, ...change}: ScheduleChange): void {
    const domain = this.domain(domid);
    if (scheduler !== domain.pool.policy.name) {
      throw new ToolstackError(
        'EINVAL',
        `libxl: error: Domain ${domid}:Setting domain sched ${scheduler}: Invalid argument`,
      );
    }
    const credit = {...domain.credit, ...change};
    checkCredit(domid, credit, domain.units.length);
    if (Object.keys(change).length > 0) this.xen.sched.setCredit(domain, credit);
    if (rtds !== undefined) this.setRtds(domain, rtds);
  }

  private setRtds({id, units}: SchedDomain, {vcpu, ...times}: RtdsTimes & {vcpu?: number}): void {
    const chosen = vcpu === undefined ? units : units.slice(vcpu, vcpu + 1);
    if (chosen.length === 0) {
      throw new ToolstackError(
        'EINVAL',
        `libxl: error: Domain ${id}:VCPU index is out of range, valid values are within range from 0 to ${units.length - 1}`,
      );
    }
    checkRtds(id, times);
    const {period: periodUs, budget: budgetUs, extratime} = times;
    for (const unit of chosen) this.xen.sched.setRtds(unit, {periodUs, budgetUs, extratime});
  }

  private domain(domid: DomId): SchedDomain {
    const domain = this.xen.domain(domid);
    if (domain !== undefined) return domain.sched;
    throw new ToolstackError('ESRCH', `libxl: error: Domain ${domid}:Non-existant domain`);
  }
}

const timesOf = ({rtds: {periodUs, budgetUs, extratime}}: SchedUnit): RtdsTimes => ({
  period: periodUs,
  budget: budgetUs,
  extratime,
});
