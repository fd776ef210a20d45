import {setUpPci} from '../../frontends/emulated/firmware.ts';
import type {GuestHandle, KernelOptions} from '../../frontends/guest/index.ts';
import {attachProgramIo} from '../../hypervisor/ioreq/index.ts';
import {ProgramOps, ProgramVcpu} from '../../hypervisor/vcpu/index.ts';
import type {HvmOptions} from './hvm-image.ts';
import type {Machine} from './machine.ts';
import {FIRST_FREE_GFN, PROGRAM_FRAMES, programMemory} from './memory.ts';

/** For kernels written in TypeScript. */
export const programMachine = (
  start: (options: KernelOptions) => GuestHandle,
  {pages, maxPages, hvm}: {pages: number; maxPages: number; hvm: HvmOptions | undefined},
): Machine => ({
  abi: 'x86_64',
  memory: programMemory(pages, maxPages),
  frames: PROGRAM_FRAMES,
  podPages: 0,
  attachIo: hvm === undefined ? undefined : attachProgramIo,
  createVcpu: (xen, domain, index) => new ProgramVcpu(domain, index, xen.schedule, xen.trace),
  boot: (xen, domain, options, started) => {
    if (domain.trappedIo !== undefined) setUpPci(domain.trappedIo);
    domain.schedule.post(() => {
      const ops = new ProgramOps(xen, domain, FIRST_FREE_GFN, Math.min(pages, domain.sharedInfoGfn));
      started(start({ops, ...options, onFault: domain.onFault}));
    });
  },
});
