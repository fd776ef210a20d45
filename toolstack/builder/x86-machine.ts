import {type Domain, HYPERVISOR_FRAMES} from '../../hypervisor/index.ts';
import {PVH_PROTOCOL, X86Core, X86Vcpu} from '../../hypervisor/vcpu/x86/index.ts';
import {KernelFormatError} from './elf.ts';
import type {Machine} from './machine.ts';
import type {RingFrames} from './memory.ts';
import {e820Map, placePvh, planPvh, type PvhImage} from './pvh-image.ts';
import {loadEngine} from './x86-engine.ts';

const PAGES_PER_MIB = 256;

export interface X86MachineConfig {
  readonly pages: number;
  readonly maxPages: number;
  readonly cmdline: string;
}

/** For real kernels: a PVH machine with an emulated x86 CPU. Throws KernelFormatError when the image does not fit. */
export const x86Machine = async (image: PvhImage, {pages, maxPages, cmdline}: X86MachineConfig): Promise<Machine> => {
  const plan = planPvh(image, maxPages, cmdline);
  return engineMachine(await makeCore(maxPages), plan, maxPages - pages, (vcpu, domain) => {
    domain.memoryMap = e820Map(plan);
    vcpu.start(image.kernel.entry, placePvh(domain.memory.u8, image, plan, cmdline), PVH_PROTOCOL);
  });
};

/** What all machines with the engine's CPU have in common. `start` sets the CPU to where the kernel begins. */
export const engineMachine = (
  core: X86Core,
  frames: RingFrames,
  podPages: number,
  start: (vcpu: X86Vcpu, domain: Domain) => void,
): Machine => {
  let vcpu: X86Vcpu | undefined;
  return {
    abi: 'x86_32',
    memory: core.memory,
    frames,
    podPages,
    createVcpu: (xen, domain) => {
      vcpu = new X86Vcpu(xen, domain, core);
      return vcpu;
    },
    boot: (_xen, domain) => {
      if (vcpu !== undefined) start(vcpu, domain);
    },
  };
};

/** A core with `pages` and the hypervisor's frames. The engine traps where there is no memory for its guest's. */
export const makeCore = async (pages: number): Promise<X86Core> => {
  const engine = await loadEngine();
  try {
    return new X86Core(engine, pages + HYPERVISOR_FRAMES);
  } catch (error) {
    const isOutOfMemory = error instanceof RangeError || (error instanceof Error && error.name === 'RuntimeError');
    if (!isOutOfMemory) throw error;
    throw new KernelFormatError(
      `${Math.ceil(pages / PAGES_PER_MIB)} MiB for the guest: Cannot allocate memory`,
      'ENOMEM',
    );
  }
};
