import {DOM0, type DomId, type Hypervisor} from '../../../hypervisor/index.ts';
import type {SchedUnit} from '../../../hypervisor/sched/index.ts';
import {NS_PER_S} from '../../../hypervisor/schedule/index.ts';
import type {XsClient} from '../../../hypervisor/xenstore/index.ts';
import {ToolstackError} from '../../errors.ts';

/** Of the host's CPUs, by number. */
export interface Affinity {
  readonly hard: readonly number[];
  readonly soft: readonly number[];
}

/** A row of xl vcpu-list. */
export interface VcpuListing extends Affinity {
  domid: DomId;
  name: string;
  vcpu: number;
  /** The host's CPU that it runs on. */
  cpu: number;
  online: boolean;
  running: boolean;
  blocked: boolean;
  cpuSeconds: number;
}

/** vCPUs of domains: which are up, and which CPUs of the host they may use. */
export class Vcpus {
  private readonly xen: Hypervisor;
  private readonly xs: XsClient;

  constructor(xen: Hypervisor, xs: XsClient) {
    this.xen = xen;
    this.xs = xs;
  }

  list(domid: DomId, name: string): VcpuListing[] {
    const domain = this.xen.domain(domid);
    if (domain === undefined) return [];
    return domain.sched.units.map((unit, vcpu) => ({
      domid,
      name,
      vcpu,
      ...this.affinity(unit),
      cpu: unit.cpu,
      online: unit.online,
      running: domid === DOM0 || unit.state === 'running',
      blocked: domid !== DOM0 && domain.runnable && domain.vcpus[vcpu].blocked,
      cpuSeconds: domain.vcpus[vcpu].cpuTimeNs / NS_PER_S,
    }));
  }

  /** Asks the guest to have the first `count` up. ENOSYS for none, EINVAL for more than there are. */
  async setOnline(domid: DomId, count: number): Promise<void> {
    const there = this.xen.domain(domid)?.vcpus.length ?? 0;
    const refuse = (code: string, reason: string): never => {
      throw new ToolstackError(code, `libxl: error: Domain ${domid}:${reason}`);
    };
    if (count === 0) refuse('EIO', 'Requested 0 VCPUs!: Function not implemented');
    if (count > there)
      refuse('EIO', `Requested ${count} VCPUs, however maxcpus is ${there}!: Function not implemented`);
    await this.xs.transaction(async (tx) => {
      for (let cpu = 0; cpu < there; cpu++) {
        const node = `/local/domain/${domid}/cpu/${cpu}/availability`;
        await this.xs.write(node, cpu < count ? 'online' : 'offline', tx);
      }
    });
  }

  /** `vcpu` undefined: all of them. EINVAL when there is no such vCPU, no such CPU, or none of its pool's. */
  pin(domid: DomId, vcpu: number | undefined, {hard, soft}: Partial<Affinity>): void {
    const {units = [], pool} = this.xen.domain(domid)?.sched ?? {};
    const chosen = vcpu === undefined ? units : units.slice(vcpu, vcpu + 1);
    const isUnknown = [...(hard ?? []), ...(soft ?? [])].some((cpu) => !this.xen.sched.cpus.includes(cpu));
    const isOutside = hard !== undefined && !hard.some((cpu) => pool?.cpus.includes(cpu));
    if (pool === undefined || chosen.length === 0 || isUnknown || isOutside) {
      throw new ToolstackError('EINVAL', `libxl: error: Domain ${domid}:Setting vcpu affinity: Invalid argument`);
    }
    for (const unit of chosen) {
      pool.setAffinity(
        unit,
        hard === undefined ? unit.hard : new Set(hard),
        soft === undefined ? unit.soft : new Set(soft),
      );
    }
  }

  private affinity({hard, soft}: SchedUnit): Affinity {
    const {cpus} = this.xen.sched;
    return {hard: hard === undefined ? cpus : [...hard], soft: soft === undefined ? cpus : [...soft]};
  }
}
