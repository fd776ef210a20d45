import {basename} from 'node:path';
import {XEN_HVM_MEMMAP_TYPE_RAM} from '../../hypervisor/abi/arch-x86/hvm/start-info.ts';
import * as elfnote from '../../hypervisor/abi/elfnote.ts';
import type {AcpiTable} from '../../hypervisor/vcpu/x86/index.ts';
import type {XenNote} from './elf.ts';
import {readRamdisk, reportFormat} from './kernel.ts';
import {BOOT_PARAMS, bootParams, type HvmImage, type HvmOptions, planHvm, planTables} from './hvm-image.ts';
import {loadLinuxKernel, loadPvhKernel} from './kernel-file.ts';
import {memoryMap, planAcpi, planPvh, type PvhImage, type PvhPlan, START_INFO, startInfo} from './pvh-image.ts';

export interface ExplainOptions {
  readonly kernel: string;
  readonly ramdisk: string | undefined;
  readonly cmdline: string;
  readonly pages: number;
  /** Of an HVM guest: what its PC has. */
  readonly hvm: HvmOptions | undefined;
}

const hex = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`;
const kib = (bytes: number): string => `${Math.ceil(bytes / 1024)} KiB`;
const range = (start: number, bytes: number): string => `${hex(start)}..${hex(start + bytes - 1)}`;

const noteNames = new Map(
  Object.entries(elfnote)
    .filter(([name]) => name !== 'XEN_ELFNOTE_MAX')
    .map(([name, type]) => [type, name]),
);

/** Notes are text, with a NUL or without, or numbers. */
const noteValue = (value: Uint8Array): string => {
  const text = Buffer.from(value).toString('latin1').replace(/\0$/, '');
  return /^[ -~]{2,}$/.test(text) ? JSON.stringify(text) : `0x${Buffer.from(value.toReversed()).toString('hex')}`;
};

const noteLine = ({type, value}: XenNote): string =>
  `  ${(noteNames.get(type) ?? `note ${type}`).padEnd(34)} ${value.length === 0 ? '' : noteValue(value)}`.trimEnd();

/** What the builder sees in a kernel and makes of it, in lines. ToolstackError when it cannot be booted. */
export const explainBoot = async (options: ExplainOptions): Promise<string[]> => {
  const {kernel: path, ramdisk: ramdiskPath, hvm} = options;
  const ramdisk = ramdiskPath === undefined ? undefined : await readRamdisk(ramdiskPath, '.');
  return reportFormat(path, async () =>
    hvm === undefined
      ? explainPvh({kernel: await loadPvhKernel(path), ramdisk}, options)
      : explainHvm({kernel: await loadLinuxKernel(path), ramdisk}, options, hvm),
  );
};

const explainPvh = (image: PvhImage, options: ExplainOptions): string[] => {
  const plan = planPvh(image, options.pages, options.cmdline);
  return [
    `${basename(options.kernel)}: a 32-bit x86 kernel for PVH`,
    ...explainImage(image, plan, options),
    ...explainTables(planAcpi(plan)),
    `hvm_start_info at ${hex(START_INFO)}:`,
    ...explainMembers(startInfo(image, plan)),
    `Entry: eip ${hex(image.kernel.entry)}, ebx ${hex(START_INFO)} (hvm_start_info), ${ENTRY_STATE}`,
  ];
};

const explainHvm = (image: HvmImage, options: ExplainOptions, hardware: HvmOptions): string[] => {
  const plan = planHvm(image, options.pages, options.cmdline);
  return [
    `${basename(options.kernel)}: a 32-bit x86 Linux for HVM`,
    ...explainImage(image, plan, options),
    `Memory of the platform device: ${hex(plan.platformBar)}`,
    ...explainTables(planTables(plan, hardware)),
    `boot_params at ${hex(BOOT_PARAMS)}:`,
    ...explainMembers(bootParams(image, plan, hardware)),
    `Entry: eip ${hex(image.kernel.entry)}, esi ${hex(BOOT_PARAMS)} (boot_params), ${ENTRY_STATE}`,
  ];
};

const ENTRY_STATE = '32-bit protected mode, no paging';

const explainImage = ({kernel, ramdisk}: PvhImage, plan: PvhPlan, {cmdline}: ExplainOptions): string[] => [
  "Xen's ELF notes:",
  ...kernel.notes.map(noteLine),
  'Segments, by physical address:',
  ...kernel.segments.map(
    ({address, bytes, sizeBytes}) => `  ${range(address, sizeBytes)}  ${kib(bytes.length)} of the file, then zeros`,
  ),
  ramdisk === undefined ? 'No ramdisk' : `Ramdisk: ${range(plan.ramdiskAddress, ramdisk.length)}`,
  `Command line: ${cmdline}`,
  'Memory map:',
  ...memoryMap(plan).map(
    ({addr, size, type}) => `  ${range(addr, size)}  ${type === XEN_HVM_MEMMAP_TYPE_RAM ? 'RAM' : 'reserved'}`,
  ),
  `Rings: xenstore in frame ${hex(plan.storeGfn)}, console in frame ${hex(plan.consoleGfn)}`,
];

const explainTables = (tables: readonly AcpiTable[]): string[] => [
  'ACPI tables:',
  ...tables.map(({signature, address, bytes}) => `  ${signature.trimEnd().padEnd(7)} ${range(address, bytes.length)}`),
];

const explainMembers = (members: Readonly<Record<string, number>>): string[] =>
  Object.entries(members).map(([name, value]) => `  ${name.padEnd(14)} ${hex(value)}`);
