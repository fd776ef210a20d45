import {HYPERVISOR_FRAMES} from '../../hypervisor/index.ts';
import {X86Core, X86Vcpu} from '../../hypervisor/vcpu/x86/index.ts';
import type {Machine} from './machine.ts';
import {e820Map, placePvh, planPvh, type PvhImage} from './pvh-image.ts';
import {loadEngine} from './x86-engine.ts';

/** For real kernels: a PVH machine with an emulated x86 CPU. Throws KernelFormatError when the image does not fit. */
export const x86Machine = async (
  image: PvhImage,
  {pages, maxPages, cmdline}: {pages: number; maxPages: number; cmdline: string},
): Promise<Machine> => {
  const plan = planPvh(image, maxPages, cmdline);
  const core = new X86Core(await loadEngine(), maxPages + HYPERVISOR_FRAMES);
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
