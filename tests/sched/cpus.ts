import {Hypervisor} from '../../hypervisor/index.ts';
import type {Domain} from '../../hypervisor/index.ts';
import {type Sched, type SchedOptions, type SchedUnit} from '../../hypervisor/sched/index.ts';
import {type Schedule, virtualClock} from '../../hypervisor/schedule/index.ts';
import {ProgramOps, ProgramVcpu} from '../../hypervisor/vcpu/index.ts';

export const MS = 1e6;
export const S = 1e9;

/** A domain whose vCPUs compute. */
export class Load {
  readonly domain: Domain;
  private readonly ops: ProgramOps;
  private readonly cpus: Cpus;

  constructor(cpus: Cpus, vcpus: number) {
    this.cpus = cpus;
    const {xen} = cpus;
    const domain = xen.createDomain({
      pages: 64,
      vcpus,
      handle: `00000000-0000-0000-0000-${String(xen.allDomains().length).padStart(12, '0')}`,
      vcpu: (owner, index) => new ProgramVcpu(owner, index, xen.schedule, xen.trace),
    });
    if (typeof domain === 'number') throw new Error(`createDomain: ${domain}`);
    this.domain = domain;
    this.ops = new ProgramOps(xen, domain, 0);
    for (let vcpu = 1; vcpu < vcpus; vcpu++) xen.setVcpuOnline(domain, vcpu, true);
    xen.unpause(domain);
  }

  get units(): readonly SchedUnit[] {
    return this.domain.sched.units;
  }

  burn(vcpu: number, ns: number): number {
    return this.ops.burnCpu(vcpu, ns, () => undefined);
  }

  /** Computes without end, in pieces. */
  spin(vcpu = 0, pieceNs = 10 * MS): this {
    const again = (): void => void this.ops.burnCpu(vcpu, pieceNs, again);
    again();
    return this;
  }

  /** Computes for a while, and rests until the next period. Returns when each piece was done, in host time. */
  periodic(burnNs: number, periodNs: number): number[] {
    const done: number[] = [];
    const again = (): void => {
      this.ops.burnCpu(0, burnNs, () => done.push(this.cpus.clock.now()));
      this.cpus.clock.after(periodNs, again);
    };
    again();
    return done;
  }

  spinAll(): this {
    for (const {index} of this.units) this.spin(index);
    return this;
  }

  /** Nanoseconds of CPU that it has had. */
  used(vcpu?: number): number {
    return this.units.reduce((sum, {paidNs, index}) => sum + (vcpu === undefined || vcpu === index ? paidNs : 0), 0);
  }
}

/** A host that is only CPUs, in virtual time. */
export class Cpus {
  readonly clock: Schedule;
  readonly xen: Hypervisor;
  readonly sched: Sched;

  constructor(options: SchedOptions, seed = 1) {
    this.clock = virtualClock(seed);
    this.xen = new Hypervisor({schedule: this.clock, sched: options});
    this.sched = this.xen.sched;
  }

  load({vcpus = 1, weight = 256, cap = 0}: {vcpus?: number; weight?: number; cap?: number} = {}): Load {
    const load = new Load(this, vcpus);
    this.sched.setCredit(load.domain.sched, {weight, cap});
    return load;
  }

  /** Fractions of one CPU that each has had in a time from now. */
  async shares(loads: readonly Load[], ns: number): Promise<number[]> {
    const before = loads.map((load) => load.used());
    await this.clock.sleep(ns);
    return loads.map((load, index) => (load.used() - before[index]) / ns);
  }
}
