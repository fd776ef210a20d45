import {resolve} from 'node:path';
import {XEN_LEGACY_MAX_VCPUS} from '../../hypervisor/abi/arch-x86/xen.ts';
import {ToolstackError} from '../errors.ts';
import {bootBuiltin, bootProgram, type GuestHandle, type KernelOptions} from '../../frontends/guest/index.ts';
import {loadKernel, type ProgramImage, reportFormat} from './kernel.ts';
import type {HvmOptions} from './hvm-image.ts';
import {hvmMachine} from './hvm-machine.ts';
import type {Machine} from './machine.ts';
import {programMachine} from './program-machine.ts';
import {x86Machine} from './x86-machine.ts';

type BootKernel = (options: KernelOptions) => GuestHandle;

export interface MachineConfig {
  kernel: string;
  ramdisk: string | undefined;
  cmdline: string;
  pages: number;
  /** It may grow to that, >= pages. */
  maxPages: number;
  vcpus: number;
  /** Of an HVM guest: what its PC has. */
  hvm: HvmOptions | undefined;
  /** Of relative paths. */
  baseDir: string;
  /** Starts `kernel="driver-domain"`, which needs backends. */
  bootDriverDomain: BootKernel;
}

const EXIT_CREATE_FAILED = 3;
/** The engine allocates less than 2 GiB, and the hypervisor's own frames are in it. */
const MAX_X86_MIB = 2047;

/** Loads the kernel and makes the machine that it runs on. ToolstackError in one line for what cannot be. */
export const loadMachine = async (config: MachineConfig): Promise<Machine> => {
  const {kernel, ramdisk, pages, maxPages, vcpus, baseDir} = config;
  const image = await loadKernel(kernel, ramdisk, baseDir, config.hvm !== undefined);
  const isReal = image.kind === 'pvh' || image.kind === 'hvm';
  refuseOver('vcpus', vcpus, isReal ? 1 : XEN_LEGACY_MAX_VCPUS, isReal);
  if (!isReal) return programMachine(kernelStart(image, config), config);
  refuseOver(maxPages > pages ? 'maxmem' : 'memory', (maxPages * 4096) / 2 ** 20, MAX_X86_MIB, isReal);
  return reportFormat(resolve(baseDir, kernel), () =>
    image.kind === 'hvm' ? hvmMachine(image, config, config.hvm!) : x86Machine(image, config),
  );
};

const kernelStart = (image: ProgramImage, {bootDriverDomain}: MachineConfig): BootKernel => {
  if (image.kind === 'program') return (options) => bootProgram({...options, main: image.main});
  return image.kind === 'builtin' ? bootBuiltin : bootDriverDomain;
};

const refuseOver = (key: string, value: number, limit: number, isReal: boolean): void => {
  if (value <= limit) return;
  const who = isReal ? 'a domain with a kernel of its own' : 'a domain';
  throw new ToolstackError('EINVAL', `libxl: error: ${key}=${value}: ${who} has at most ${limit}`, EXIT_CREATE_FAILED);
};
