import {bootBuiltin, bootProgram, type GuestHandle} from '../../frontends/guest/index.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import type {KernelImage} from './kernel.ts';

export interface BootOptions {
  cmdline: string;
  /** Accounted to the domain. */
  memoryKib: number;
  /** Gets what crashes the guest. */
  onFault: (error: unknown) => void;
}

/** Starts what the domain runs. Called in the domain's own time, once it may run. */
export const bootGuest = (ops: HypervisorOps, image: KernelImage, options: BootOptions): GuestHandle =>
  image.kind === 'builtin' ? bootBuiltin({ops, ...options}) : bootProgram({ops, ...options, main: image.main});
