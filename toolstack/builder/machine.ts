import type {GuestHandle} from '../../frontends/guest/index.ts';
import type {Abi} from '../../hypervisor/abi/ctype.ts';
import type {Domain, Hypervisor} from '../../hypervisor/index.ts';
import type {DomainMemory} from '../../hypervisor/memory/index.ts';
import type {Vcpu} from '../../hypervisor/vcpu/index.ts';
import type {RingFrames} from './memory.ts';

export interface BootOptions {
  cmdline: string;
}

/** What a domain is made of for one kind of kernel: memory, engine, and the frames of the first two rings. */
export interface Machine {
  readonly abi: Abi;
  readonly memory: DomainMemory;
  readonly frames: RingFrames;
  /** Frames that the kernel sees at its start beyond the memory that it is given. */
  readonly podPages: number;
  /** Makes it the machine of an HVM guest: to be called before its device models are made. */
  attachIo?(domain: Domain): void;
  createVcpu(xen: Hypervisor, domain: Domain, index: number): Vcpu;
  /** Queues the kernel's start: it runs at the first unpause. `started` gets the handle of a guest that is our own code. */
  boot(xen: Hypervisor, domain: Domain, options: BootOptions, started: (guest: GuestHandle) => void): void;
}
