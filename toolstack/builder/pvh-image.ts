import {
  hvm_memmap_table_entry,
  hvm_modlist_entry,
  hvm_start_info,
  XEN_HVM_MEMMAP_TYPE_RAM,
  XEN_HVM_MEMMAP_TYPE_RESERVED,
  XEN_HVM_START_MAGIC_VALUE,
} from '../../hypervisor/abi/arch-x86/hvm/start-info.ts';
import {sizeOf} from '../../hypervisor/abi/layout.ts';
import {writeStruct} from '../../hypervisor/abi/value.ts';
import type {Gfn} from '../../hypervisor/index.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import {type AcpiTable, pvhTables} from '../../hypervisor/vcpu/x86/index.ts';
import {type ElfKernel, KernelFormatError} from './elf.ts';
import type {RingFrames} from './memory.ts';

/** Same layout on both ABIs. */
const ABI = 'x86_32';
const KIB = 1024;
const MIB = 1024 * KIB;

/** A page of low memory holds the start info, its lists and the command line. */
export const START_INFO = 0x6000;
const MODULES = START_INFO + 0x40;
const MEMORY_MAP = START_INFO + 0x80;
const COMMAND_LINE = START_INFO + 0x200;
const COMMAND_LINE_BYTES = START_INFO + PAGE_SIZE - COMMAND_LINE;

const LOW_RAM_END = 640 * KIB;
/** Pages at the end of memory that are the hypervisor's and its daemons'. */
const SPECIAL_PAGES = 16;
const STORE_PAGE = 0;
const CONSOLE_PAGE = 1;
/** Pages from here to ACPI_PAGE are in no entry of the map: a guest that looks for room for shared_info finds them. */
const HOLE_PAGE = 2;
const ACPI_PAGE = 8;
/** u64 address, u64 size, u32 type, packed. */
const E820_ENTRY_BYTES = 20;

export interface PvhImage {
  readonly kernel: ElfKernel;
  readonly ramdisk: Uint8Array | undefined;
}

/** Where things lie in a guest's physical memory. All in bytes but for the frames. */
export interface PvhPlan extends RingFrames {
  readonly specialAddress: number;
  readonly ramdiskAddress: number;
}

export interface MemoryRegion {
  readonly addr: number;
  readonly size: number;
  readonly type: number;
}

const mib = (bytes: number): string => `${Math.ceil(bytes / MIB)} MiB`;

/** Plans a guest of `pages` pages. Throws KernelFormatError when kernel, ramdisk or command line do not fit. */
export const planPvh = ({kernel, ramdisk}: PvhImage, pages: number, cmdline: string): PvhPlan => {
  const specialAddress = (pages - SPECIAL_PAGES) * PAGE_SIZE;
  const ramdiskBytes = ramdisk?.length ?? 0;
  const ramdiskAddress = Math.floor((specialAddress - ramdiskBytes) / PAGE_SIZE) * PAGE_SIZE;
  const kernelEnd = Math.max(...kernel.segments.map(({address, sizeBytes}) => address + sizeBytes));
  if (kernel.segments.some(({address}) => address < START_INFO + PAGE_SIZE)) {
    throw new KernelFormatError(`it wants the first ${(START_INFO + PAGE_SIZE) / KIB} KiB of memory`);
  }
  if (kernelEnd > ramdiskAddress) {
    const needed = mib(kernelEnd + ramdiskBytes + SPECIAL_PAGES * PAGE_SIZE);
    const what = ramdisk === undefined ? 'the kernel needs' : `kernel and ramdisk (${mib(ramdiskBytes)}) need`;
    throw new KernelFormatError(`memory=${(pages * PAGE_SIZE) / MIB} is too small: ${what} ${needed} to be loaded`);
  }
  if (new TextEncoder().encode(cmdline).length >= COMMAND_LINE_BYTES) {
    throw new KernelFormatError(`the command line is longer than ${COMMAND_LINE_BYTES - 1} bytes`);
  }
  const specialGfn = specialAddress / PAGE_SIZE;
  return {
    specialAddress,
    ramdiskAddress,
    storeGfn: (specialGfn + STORE_PAGE) as Gfn,
    consoleGfn: (specialGfn + CONSOLE_PAGE) as Gfn,
  };
};

/** Writes everything into the guest's memory. Returns the physical address of the start info. */
export const placePvh = (memory: Uint8Array, image: PvhImage, plan: PvhPlan, cmdline: string): number => {
  const {kernel, ramdisk} = image;
  const {ramdiskAddress} = plan;
  for (const {address, bytes} of kernel.segments) memory.set(bytes, address);
  if (ramdisk !== undefined) memory.set(ramdisk, ramdiskAddress);
  for (const {address, bytes} of planAcpi(plan)) memory.set(bytes, address);
  for (const [i, region] of memoryMap(plan).entries()) {
    const at = MEMORY_MAP + i * sizeOf(hvm_memmap_table_entry, ABI);
    writeStruct(hvm_memmap_table_entry, ABI, memory, at, {...region, reserved: 0});
  }
  if (ramdisk !== undefined) {
    writeStruct(hvm_modlist_entry, ABI, memory, MODULES, {paddr: ramdiskAddress, size: ramdisk.length});
  }
  memory.set(new TextEncoder().encode(`${cmdline}\0`), COMMAND_LINE);
  writeStruct(hvm_start_info, ABI, memory, START_INFO, startInfo(image, plan));
  return START_INFO;
};

/** The members of hvm_start_info, as xen/arch-x86/hvm/start_info.h names them. */
export const startInfo = ({ramdisk}: PvhImage, plan: PvhPlan) => ({
  magic: XEN_HVM_START_MAGIC_VALUE,
  version: 1,
  flags: 0,
  nr_modules: ramdisk === undefined ? 0 : 1,
  modlist_paddr: ramdisk === undefined ? 0 : MODULES,
  cmdline_paddr: COMMAND_LINE,
  rsdp_paddr: planAcpi(plan)[0].address,
  memmap_paddr: MEMORY_MAP,
  memmap_entries: memoryMap(plan).length,
});

/** The tables, the RSDP first. */
export const planAcpi = ({specialAddress}: PvhPlan): AcpiTable[] => pvhTables(specialAddress + ACPI_PAGE * PAGE_SIZE);

export const memoryMap = ({specialAddress}: Pick<PvhPlan, 'specialAddress'>): MemoryRegion[] => [
  {addr: 0, size: LOW_RAM_END, type: XEN_HVM_MEMMAP_TYPE_RAM},
  {addr: LOW_RAM_END, size: MIB - LOW_RAM_END, type: XEN_HVM_MEMMAP_TYPE_RESERVED},
  {addr: MIB, size: specialAddress - MIB, type: XEN_HVM_MEMMAP_TYPE_RAM},
  {addr: specialAddress, size: HOLE_PAGE * PAGE_SIZE, type: XEN_HVM_MEMMAP_TYPE_RESERVED},
  {
    addr: specialAddress + ACPI_PAGE * PAGE_SIZE,
    size: (SPECIAL_PAGES - ACPI_PAGE) * PAGE_SIZE,
    type: XEN_HVM_MEMMAP_TYPE_RESERVED,
  },
];

/** The same map as XENMEM_memory_map answers it. */
export const e820Map = (plan: Pick<PvhPlan, 'specialAddress'>): Uint8Array => {
  const regions = memoryMap(plan);
  const view = new DataView(new ArrayBuffer(regions.length * E820_ENTRY_BYTES));
  for (const [i, {addr, size, type}] of regions.entries()) {
    const at = i * E820_ENTRY_BYTES;
    view.setBigUint64(at, BigInt(addr), true);
    view.setBigUint64(at + 8, BigInt(size), true);
    view.setUint32(at + 16, type, true);
  }
  return new Uint8Array(view.buffer);
};
