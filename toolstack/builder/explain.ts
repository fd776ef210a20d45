import {basename} from 'node:path';
import {XEN_HVM_MEMMAP_TYPE_RAM} from '../../hypervisor/abi/arch-x86/hvm/start-info.ts';
import * as elfnote from '../../hypervisor/abi/elfnote.ts';
import type {XenNote} from './elf.ts';
import {readRamdisk, reportFormat} from './kernel.ts';
import {loadPvhKernel} from './kernel-file.ts';
import {memoryMap, planAcpi, planPvh, START_INFO, startInfo} from './pvh-image.ts';

export interface ExplainOptions {
  readonly kernel: string;
  readonly ramdisk: string | undefined;
  readonly cmdline: string;
  readonly pages: number;
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
export const explainBoot = async ({
  kernel: path,
  ramdisk: ramdiskPath,
  cmdline,
  pages,
}: ExplainOptions): Promise<string[]> => {
  const kernel = await reportFormat(path, () => loadPvhKernel(path));
  const ramdisk = ramdiskPath === undefined ? undefined : await readRamdisk(ramdiskPath, '.');
  const plan = await reportFormat(path, () => planPvh({kernel, ramdisk}, pages, cmdline));
  return [
    `${basename(path)}: a 32-bit x86 kernel for PVH`,
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
    'ACPI tables:',
    ...planAcpi(plan).map(
      ({signature, address, bytes}) => `  ${signature.trimEnd().padEnd(7)} ${range(address, bytes.length)}`,
    ),
    `hvm_start_info at ${hex(START_INFO)}:`,
    ...Object.entries(startInfo({kernel, ramdisk}, plan)).map(([name, value]) => `  ${name.padEnd(14)} ${hex(value)}`),
    `Entry: eip ${hex(kernel.entry)}, ebx ${hex(START_INFO)} (hvm_start_info), 32-bit protected mode, no paging`,
  ];
};
