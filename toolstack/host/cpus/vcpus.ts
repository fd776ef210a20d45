import {DOM0, type DomId, type Hypervisor} from '../../../hypervisor/index.ts';
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
  private readonly hostCpus: readonly number[];
  private readonly pinned = new Map<DomId, Map<number, Affinity>>();

  constructor(xen: Hypervisor, xs: XsClient, hostCpus: readonly number[]) {
    this.xen = xen;
    this.xs = xs;
    this.hostCpus = hostCpus;
  }

  list(domid: DomId, name: string): VcpuListing[] {
    const domain = this.xen.domain(domid);
    if (domain === undefined) return [];
    return domain.vcpus.map(({cpuTimeNs}, vcpu) => ({
      domid,
      name,
      vcpu,
      ...this.affinity(domid, vcpu),
      cpu: this.affinity(domid, vcpu).hard[0],
      online: domain.onlineVcpus.has(vcpu),
      running: domid === DOM0,
      blocked: domid !== DOM0 && domain.runnable && domain.vcpus[vcpu].blocked,
      cpuSeconds: cpuTimeNs / NS_PER_S,
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

  /** `vcpu` undefined: all of them. EINVAL when there is no such vCPU, or no such CPU. */
  pin(domid: DomId, vcpu: number | undefined, change: Partial<Affinity>): void {
    const there = this.xen.domain(domid)?.vcpus.length ?? 0;
    const wanted = vcpu === undefined ? Array.from({length: there}, (_, index) => index) : [vcpu];
    const cpus = [...(change.hard ?? []), ...(change.soft ?? [])];
    const isWrong = wanted.some((each) => each >= there) || cpus.some((cpu) => !this.hostCpus.includes(cpu));
    if (isWrong) {
      throw new ToolstackError('EINVAL', `libxl: error: Domain ${domid}:Setting vcpu affinity: Invalid argument`);
    }
    const pins = this.pinned.get(domid) ?? new Map<number, Affinity>();
    for (const each of wanted) pins.set(each, {...this.affinity(domid, each), ...change});
    this.pinned.set(domid, pins);
  }

  forget(domid: DomId): void {
    this.pinned.delete(domid);
  }

  private affinity(domid: DomId, vcpu: number): Affinity {
    return this.pinned.get(domid)?.get(vcpu) ?? {hard: this.hostCpus, soft: this.hostCpus};
  }
}
