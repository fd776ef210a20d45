import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {FileError} from './errors.ts';

/** Resolves when a vCPU has computed for so long. EINVAL for one that is not there, and for no time. */
export const burn = (ops: HypervisorOps, ns: number, vcpu = 0): Promise<void> =>
  new Promise((resolve, reject) => {
    if (ops.burnCpu(vcpu, ns, resolve) < 0) reject(new FileError('EINVAL'));
  });
