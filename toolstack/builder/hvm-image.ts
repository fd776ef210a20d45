import {PLATFORM_MEMORY_BYTES} from '../../backends/emulated/platform/index.ts';
import {type AcpiTable, type HvmHardware, hvmTables} from '../../hypervisor/vcpu/x86/index.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import {SETUP_HEADER} from './bzimage.ts';
import {KernelFormatError} from './elf.ts';
import type {LinuxKernel} from './kernel-file.ts';
import {e820Map, memoryMap, planPvh, type PvhPlan} from './pvh-image.ts';

const MIB = 2 ** 20;

/** Linux's boot parameters, the "zero page", and the command line behind it. @see Linux, Documentation/arch/x86/zero-page.rst */
const BOOT_PARAMS = 0x6000;
const COMMAND_LINE = BOOT_PARAMS + PAGE_SIZE;
const ACPI_RSDP_ADDR = 0x070;
const E820_ENTRIES = 0x1e8;
const TYPE_OF_LOADER = 0x210;
const RAMDISK_IMAGE = 0x218;
const RAMDISK_SIZE = 0x21c;
const CMD_LINE_PTR = 0x228;
const E820_TABLE = 0x2d0;
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
  {kernel, ramdisk}: HvmImage,
  plan: HvmPlan,
  {cmdline, hardware}: {cmdline: string; hardware: HvmOptions},
): number => {
  for (const {address, bytes} of kernel.segments) memory.set(bytes, address);
  if (ramdisk !== undefined) memory.set(ramdisk, plan.ramdiskAddress);
  const tables = planTables(plan, hardware);
  for (const {address, bytes} of tables) memory.set(bytes, address);
  memory.set(new TextEncoder().encode(`${cmdline}\0`), COMMAND_LINE);
  const params = memory.subarray(BOOT_PARAMS, BOOT_PARAMS + PAGE_SIZE);
  params.set(kernel.setup, SETUP_HEADER);
  params.set(e820Map(plan), E820_TABLE);
  const view = new DataView(params.buffer, params.byteOffset, params.length);
  view.setUint32(ACPI_RSDP_ADDR, tables[0].address, true);
  view.setUint8(E820_ENTRIES, memoryMap(plan).length);
  view.setUint8(TYPE_OF_LOADER, LOADER_UNDEFINED);
  view.setUint32(RAMDISK_IMAGE, ramdisk === undefined ? 0 : plan.ramdiskAddress, true);
  view.setUint32(RAMDISK_SIZE, ramdisk?.length ?? 0, true);
  view.setUint32(CMD_LINE_PTR, COMMAND_LINE, true);
  return BOOT_PARAMS;
};

const planTables = ({platformBar}: HvmPlan, hardware: HvmOptions): AcpiTable[] => {
  const platform = {start: platformBar, end: platformBar + PLATFORM_MEMORY_BYTES};
  return hvmTables(ACPI_TABLES, {...hardware, pciMemory: [platform, PCI_HOLE]});
};
