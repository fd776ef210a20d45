import {DeviceModel} from '../../backends/emulated/bus/index.ts';
import {setUpPci} from '../../frontends/emulated/firmware.ts';
import {type NativeMachine, nativeMachine} from '../../frontends/emulated/machine.ts';
import type {Ledger} from '../../hypervisor/cost/index.ts';
import {type Domain, type DomId, Hypervisor, type HypervisorOps} from '../../hypervisor/index.ts';
import {attachProgramIo, type TrappedIo} from '../../hypervisor/ioreq/index.ts';
import {type Schedule, virtualClock} from '../../hypervisor/schedule/index.ts';
import {ProgramOps, ProgramVcpu} from '../../hypervisor/vcpu/index.ts';

const PAGES = 4096;
const FIRST_FREE_GFN = 256;

interface EmulatedRigOptions {
  seed?: number;
  ledger?: Ledger;
  /** A real clock where files are waited for, which virtual time does not. */
  schedule?: Schedule;
}

/** Dom0 and one HVM guest, in virtual time by default, without a toolstack: what a device model and a native driver need. */
export class EmulatedRig {
  readonly schedule: Schedule;
  readonly xen: Hypervisor;
  readonly dom0: HypervisorOps;
  readonly guest: Domain;
  readonly ops: HypervisorOps;
  readonly io: TrappedIo;
  readonly machine: NativeMachine;
  readonly model: DeviceModel;

  constructor({seed = 1, ledger, schedule = virtualClock(seed)}: EmulatedRigOptions = {}) {
    this.schedule = schedule;
    this.xen = new Hypervisor({schedule: this.schedule, memoryMib: 1024, ledger});
    this.dom0 = new ProgramOps(this.xen, this.createDomain(0 as DomId), FIRST_FREE_GFN);
    this.guest = this.createDomain();
    attachProgramIo(this.guest);
    this.ops = new ProgramOps(this.xen, this.guest, FIRST_FREE_GFN);
    const machine = nativeMachine(this.ops);
    if (machine === undefined) throw new Error('no emulated hardware');
    this.machine = machine;
    this.io = machine.io;
    this.model = this.createModel();
  }

  /** A device model beside the first one. */
  createModel(): DeviceModel {
    return new DeviceModel(this.dom0, this.guest.id);
  }

  /** What the firmware does once all PCI devices are plugged. */
  setUpPci(): void {
    setUpPci(this.io);
  }

  /** Waits for what the simulation settles. */
  run<T>(work: () => Promise<T>): Promise<T> {
    return this.schedule.drive(work());
  }

  private createDomain(domid?: DomId): Domain {
    const domain = this.xen.createDomain({
      domid,
      pages: PAGES,
      privileged: domid === 0,
      vcpu: (owner, index) => new ProgramVcpu(owner, index, this.schedule, this.xen.trace),
    });
    if (typeof domain === 'number') throw new Error(`createDomain: ${domain}`);
    this.xen.unpause(domain);
    return domain;
  }
}
