import {PLATFORM_SLOT} from '../../backends/emulated/platform/index.ts';
import {setUpPci} from '../../frontends/emulated/firmware.ts';
import type {EmulatedIo} from '../../hypervisor/ioreq/index.ts';
import {attachPc, LINUX_PROTOCOL} from '../../hypervisor/vcpu/x86/index.ts';
import {type HvmImage, type HvmOptions, placeHvm, planHvm} from './hvm-image.ts';
import type {Machine} from './machine.ts';
import {e820Map} from './pvh-image.ts';
import {engineMachine, makeCore, type X86MachineConfig} from './x86-machine.ts';

/** The register with the place of the platform device's memory. */
const BAR1 = 0x14;
const CONFIG_ADDRESS = 0xcf8;
const CONFIG_DATA = 0xcfc;
const CONFIG_ENABLE = 0x80000000;
const VCPU = 0;

/** For real kernels of HVM guests: a PC with an emulated x86 CPU. Throws KernelFormatError when the image does not fit. */
export const hvmMachine = async (
  image: HvmImage,
  {pages, maxPages, cmdline}: X86MachineConfig,
  hardware: HvmOptions,
): Promise<Machine> => {
  const plan = planHvm(image, maxPages, cmdline);
  const core = await makeCore(plan.frames);
  core.memory.reserve(maxPages, plan.frames);
  const machine = engineMachine(core, plan, maxPages - pages, (vcpu, domain) => {
    domain.memoryMap = e820Map(plan);
    if (domain.io !== undefined) setUpFirmware(domain.io, plan.platformBar);
    const params = placeHvm(domain.memory.u8, image, plan, {cmdline, hardware});
    vcpu.start(image.kernel.entry, params, LINUX_PROTOCOL);
  });
  return {...machine, attachIo: attachPc};
};

/** What hvmloader leaves behind. The platform device's memory is not in the hole for others, but where there is memory. */
const setUpFirmware = (io: EmulatedIo, platformBar: number): void => {
  setUpPci({
    readPort: (port, size) => io.readPort(VCPU, port, size),
    writePort: (port, size, value) => io.writePort(VCPU, port, size, value),
  });
  io.writePort(VCPU, CONFIG_ADDRESS, 4, CONFIG_ENABLE | (PLATFORM_SLOT << 11) | BAR1);
  io.writePort(VCPU, CONFIG_DATA, 4, platformBar);
};
