import {PLATFORM_MEMORY_BYTES} from '../../backends/emulated/platform/index.ts';
import {type AcpiTable, type HvmHardware, hvmTables} from '../../hypervisor/vcpu/x86/index.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import {SETUP_HEADER} from './bzimage.ts';
import {KernelFormatError} from './elf.ts';
import type {LinuxKernel} from './kernel-file.ts';
import {e820Map, memoryMap, planPvh, type PvhPlan} from './pvh-image.ts';

const MIB = 2 ** 20;

/** Linux's boot parameters, the "zero page", and the command line behind it. @see Linux, Documentation/arch/x86/zero-page.rst */
export const BOOT_PARAMS = 0x6000;
const COMMAND_LINE = BOOT_PARAMS + PAGE_SIZE;
const E820_TABLE = 0x2d0;
/** Where its members are that a loader sets, and how many bytes they have. */
const members = {
  acpi_rsdp_addr: [0x070, 4],
  e820_entries: [0x1e8, 1],
  type_of_loader: [0x210, 1],
  ramdisk_image: [0x218, 4],
  ramdisk_size: [0x21c, 4],
  cmd_line_ptr: [0x228, 4],
} as const;
/** A loader that has no number of its own. */
const LOADER_UNDEFINED = 0xff;

/** In the BIOS's area, as hvmloader has them. */
const ACPI_TABLES = 0xf0000;

/** Where Xen has PCI devices' memory, below the APICs. @see hvm/e820.h */
const PCI_HOLE = {start: 0xf0000000, end: 0xfc000000};

export interface HvmImage {
  readonly kernel: LinuxKernel;
  readonly ramdisk: Uint8Array | undefined;
}

/** What of a PC the guest's config decides. */
export type HvmOptions = Omit<HvmHardware, 'pciMemory'>;

export interface HvmPlan extends PvhPlan {
  /** Where the platform device's memory is: with memory behind it, as Linux puts its grant table there. */
  readonly platformBar: number;
  /** Frames from 0 to the end of what has memory behind it. */
  readonly frames: number;
}

/** Plans a guest of `pages` pages. Throws KernelFormatError when kernel, ramdisk or command line do not fit. */
export const planHvm = (image: HvmImage, pages: number, cmdline: string): HvmPlan => {
  if (image.kernel.segments.some(({address}) => address < MIB)) throw new KernelFormatError('it wants the first MiB');
  const plan = planPvh(image, pages, cmdline);
  const platformBar = Math.ceil((pages * PAGE_SIZE) / PLATFORM_MEMORY_BYTES) * PLATFORM_MEMORY_BYTES;
  return {...plan, platformBar, frames: (platformBar + PLATFORM_MEMORY_BYTES) / PAGE_SIZE};
};

/** Writes everything into the guest's memory. Returns the physical address of the boot parameters. */
export const placeHvm = (
  memory: Uint8Array,
  image: HvmImage,
  plan: HvmPlan,
  {cmdline, hardware}: {cmdline: string; hardware: HvmOptions},
): number => {
  const {kernel, ramdisk} = image;
  for (const {address, bytes} of kernel.segments) memory.set(bytes, address);
  if (ramdisk !== undefined) memory.set(ramdisk, plan.ramdiskAddress);
  for (const {address, bytes} of planTables(plan, hardware)) memory.set(bytes, address);
  memory.set(new TextEncoder().encode(`${cmdline}\0`), COMMAND_LINE);
  const params = memory.subarray(BOOT_PARAMS, BOOT_PARAMS + PAGE_SIZE);
  params.set(kernel.setup, SETUP_HEADER);
  params.set(e820Map(plan), E820_TABLE);
  const view = new DataView(params.buffer, params.byteOffset, params.length);
  for (const [name, value] of Object.entries(bootParams(image, plan, hardware))) {
    const [offset, bytes] = members[name as keyof typeof members];
    if (bytes === 4) view.setUint32(offset, value, true);
    else view.setUint8(offset, value);
  }
  return BOOT_PARAMS;
};

/** What a loader sets in struct boot_params, beside the setup header and the memory map. */
export const bootParams = (
  {ramdisk}: HvmImage,
  plan: HvmPlan,
  hardware: HvmOptions,
): Record<keyof typeof members, number> => ({
  acpi_rsdp_addr: planTables(plan, hardware)[0].address,
  e820_entries: memoryMap(plan).length,
  type_of_loader: LOADER_UNDEFINED,
  ramdisk_image: ramdisk === undefined ? 0 : plan.ramdiskAddress,
  ramdisk_size: ramdisk?.length ?? 0,
  cmd_line_ptr: COMMAND_LINE,
});

/** The tables, the RSDP first. */
export const planTables = ({platformBar}: HvmPlan, hardware: HvmOptions): AcpiTable[] => {
  const platform = {start: platformBar, end: platformBar + PLATFORM_MEMORY_BYTES};
  return hvmTables(ACPI_TABLES, {...hardware, pciMemory: [platform, PCI_HOLE]});
};
