import {HYPERVISOR_FRAMES} from '../../hypervisor/index.ts';
import {X86Core, X86Vcpu} from '../../hypervisor/vcpu/x86/index.ts';
import {KernelFormatError} from './elf.ts';
import type {Machine} from './machine.ts';
import {e820Map, placePvh, planPvh, type PvhImage} from './pvh-image.ts';
import {loadEngine} from './x86-engine.ts';

const PAGES_PER_MIB = 256;

/** For real kernels: a PVH machine with an emulated x86 CPU. Throws KernelFormatError when the image does not fit. */
export const x86Machine = async (
  image: PvhImage,
  {pages, maxPages, cmdline}: {pages: number; maxPages: number; cmdline: string},
): Promise<Machine> => {
  const plan = planPvh(image, maxPages, cmdline);
  const core = makeCore(await loadEngine(), maxPages + HYPERVISOR_FRAMES);
  let vcpu: X86Vcpu | undefined;
  return {
    abi: 'x86_32',
    memory: core.memory,
    frames: plan,
    podPages: maxPages - pages,
    createVcpu: (xen, domain) => {
      vcpu = new X86Vcpu(xen, domain, core);
      return vcpu;
    },
    boot: (_xen, domain) => {
      domain.memoryMap = e820Map(plan);
      const startInfo = placePvh(domain.memory.u8, image, plan, cmdline);
      vcpu?.start(image.kernel.entry, startInfo);
    },
  };
};

/** The engine traps where there is no memory for its guest's. */
const makeCore = (engine: WebAssembly.Module, pages: number): X86Core => {
  try {
    return new X86Core(engine, pages);
  } catch (error) {
    const isOutOfMemory = error instanceof RangeError || (error instanceof Error && error.name === 'RuntimeError');
    if (!isOutOfMemory) throw error;
    throw new KernelFormatError(
      `${Math.ceil(pages / PAGES_PER_MIB)} MiB for the guest: Cannot allocate memory`,
      'ENOMEM',
    );
  }
};
