import type {Ledger} from '../../hypervisor/cost/index.ts';
import type {Domain, DomainOptions} from '../../hypervisor/index.ts';
import {Hypervisor} from '../../hypervisor/index.ts';
import {type Schedule, virtualClock} from '../../hypervisor/schedule/index.ts';
import {ProgramOps, ProgramVcpu} from '../../hypervisor/vcpu/index.ts';

export interface BareDomain {
  domain: Domain;
  ops: ProgramOps;
}

/** Domains without xenstore or toolstack: what tests of the primitives need. */
export class BareHost {
  readonly schedule: Schedule;
  readonly xen: Hypervisor;

  constructor(seed = 1, memoryMib = 64, ledger?: Ledger) {
    this.schedule = virtualClock(seed);
    this.xen = new Hypervisor({schedule: this.schedule, memoryMib, ledger});
  }

  create(options: Partial<DomainOptions> = {}): BareDomain {
    const domain = this.xen.createDomain({
      pages: 64,
      vcpu: (owner, index) => new ProgramVcpu(owner, index, this.schedule, this.xen.trace),
      ...options,
    });
    if (typeof domain === 'number') throw new Error(`createDomain: ${domain}`);
    this.xen.unpause(domain);
    return {domain, ops: new ProgramOps(this.xen, domain, 0)};
  }

  createDom0(): BareDomain {
    return this.create({domid: 0 as Domain['id'], privileged: true});
  }

  /** Lets everything that is ready run. */
  settle(): Promise<void> {
    return this.schedule.sleep(1e6);
  }
}
