import {HYPERVISOR_FRAMES} from '../../hypervisor/index.ts';
import {type DomainMemory, PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import {X86Core, X86Vcpu} from '../../hypervisor/vcpu/x86/index.ts';
import type {Machine} from './machine.ts';
import type {RingFrames} from './memory.ts';
import {e820Map} from './pvh-image.ts';
import {loadEngine} from './x86-engine.ts';

/** What a saved domain has beside its memory. */
export interface RestoredState {
  readonly frames: RingFrames;
  /** An HVM context without fault. */
  readonly context: Uint8Array;
}

/** The machine of a real kernel that was saved, with its memory as `load` fills it; it goes on where it suspended. */
export const restoredMachine = async (
  {frames: pages, podPages}: {frames: number; podPages: number},
  load: (memory: DomainMemory) => Promise<RestoredState>,
): Promise<Machine> => {
  const core = new X86Core(await loadEngine(), pages + HYPERVISOR_FRAMES);
  const {frames, context} = await load(core.memory);
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
      domain.memoryMap = e820Map({specialAddress: frames.storeGfn * PAGE_SIZE});
      vcpu?.restore(context);
    },
  };
};
