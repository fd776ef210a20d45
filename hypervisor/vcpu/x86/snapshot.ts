import {
  HVM_FILE_MAGIC,
  HVM_FILE_VERSION,
  HVM_SAVE_ABI,
  HVM_SAVE_CODE_CPU,
  HVM_SAVE_CODE_END,
  HVM_SAVE_CODE_HEADER,
  HVM_SAVE_CODE_LAPIC,
  HVM_SAVE_CODE_LAPIC_REGS,
  hvm_hw_cpu,
  hvm_hw_lapic,
  hvm_hw_lapic_regs,
  hvm_save_descriptor,
  hvm_save_header,
} from '../../abi/arch-x86/hvm/save.ts';
import type {Struct} from '../../abi/ctype.ts';
import {offsetsOf, sizeOf} from '../../abi/layout.ts';
import {writeStruct} from '../../abi/value.ts';
import {TSC_KHZ} from './cpuid.ts';
import {loadApic, saveApic} from './snapshot-apic.ts';
import {loadRegisters, saveRegisters} from './snapshot-registers.ts';

/** What of the engine a saved CPU is made of. */
export interface SavedParts {
  /** The state at the fixed offsets of core-state.ts. */
  readonly cpu: DataView;
  /** The local APIC, as v86 lays it out. */
  readonly apic: DataView;
  /** EFLAGS, which the engine computes when asked. */
  readonly flags: number;
  readonly tsc: bigint;
}

/** The records of an HVM context by type code. */
type Records = ReadonlyMap<number, DataView>;

/** Of every record that a saved CPU needs; others are of devices that this machine does not have. */
const needed: readonly (readonly [typecode: number, struct: Struct])[] = [
  [HVM_SAVE_CODE_HEADER, hvm_save_header],
  [HVM_SAVE_CODE_CPU, hvm_hw_cpu],
  [HVM_SAVE_CODE_LAPIC, hvm_hw_lapic],
  [HVM_SAVE_CODE_LAPIC_REGS, hvm_hw_lapic_regs],
];

const DESCRIPTOR_BYTES = sizeOf(hvm_save_descriptor, HVM_SAVE_ABI);
const descriptor = offsetsOf(hvm_save_descriptor, HVM_SAVE_ABI);
const header = offsetsOf(hvm_save_header, HVM_SAVE_ABI);

/** The CPU as Xen's HVM context: what XEN_DOMCTL_gethvmcontext would give. @see hvm/save.h */
export const saveContext = (parts: SavedParts): Uint8Array => {
  const sizes = needed.map(([, struct]) => DESCRIPTOR_BYTES + sizeOf(struct, HVM_SAVE_ABI));
  const context = new Uint8Array(sizes.reduce((sum, size) => sum + size, DESCRIPTOR_BYTES));
  let at = 0;
  for (const [i, [typecode, struct]] of needed.entries()) {
    const length = sizeOf(struct, HVM_SAVE_ABI);
    writeStruct(hvm_save_descriptor, HVM_SAVE_ABI, context, at, {typecode, instance: 0, length});
    at += sizes[i];
  }
  writeStruct(hvm_save_descriptor, HVM_SAVE_ABI, context, at, {typecode: HVM_SAVE_CODE_END, instance: 0, length: 0});
  const records = parseContext(context);
  const head = records.get(HVM_SAVE_CODE_HEADER)!;
  head.setUint32(header.magic, HVM_FILE_MAGIC, true);
  head.setUint32(header.version, HVM_FILE_VERSION, true);
  head.setUint32(header.gtsc_khz, TSC_KHZ, true);
  saveRegisters(parts, records.get(HVM_SAVE_CODE_CPU)!);
  saveApic(parts, records.get(HVM_SAVE_CODE_LAPIC)!, records.get(HVM_SAVE_CODE_LAPIC_REGS)!);
  return context;
};

/** What is wrong with a context that was read from somewhere, if anything. */
export const contextFault = (context: Uint8Array): string | undefined => {
  const records = parseContext(context);
  for (const [typecode, struct] of needed) {
    if (records.get(typecode)?.byteLength !== sizeOf(struct, HVM_SAVE_ABI)) return `it has no struct ${struct.name}`;
  }
  const head = records.get(HVM_SAVE_CODE_HEADER)!;
  if (head.getUint32(header.magic, true) !== HVM_FILE_MAGIC) return 'its magic number is wrong';
  return undefined;
};

/** Sets the engine's state to a context that has no fault. Returns its time stamp counter. */
export const loadContext = (context: Uint8Array, {cpu, apic}: Pick<SavedParts, 'cpu' | 'apic'>): bigint => {
  const records = parseContext(context);
  loadApic(records.get(HVM_SAVE_CODE_LAPIC)!, records.get(HVM_SAVE_CODE_LAPIC_REGS)!, {cpu, apic});
  return loadRegisters(records.get(HVM_SAVE_CODE_CPU)!, cpu);
};

/** Records of the first vCPU, up to the end of the bytes whether they say so or not. */
const parseContext = (context: Uint8Array): Records => {
  const records = new Map<number, DataView>();
  const view = new DataView(context.buffer, context.byteOffset, context.byteLength);
  for (let at = 0; at + DESCRIPTOR_BYTES <= context.length;) {
    const typecode = view.getUint16(at + descriptor.typecode, true);
    const instance = view.getUint16(at + descriptor.instance, true);
    const length = view.getUint32(at + descriptor.length, true);
    at += DESCRIPTOR_BYTES;
    if (typecode === HVM_SAVE_CODE_END || at + length > context.length) break;
    if (instance === 0) records.set(typecode, new DataView(context.buffer, context.byteOffset + at, length));
    at += length;
  }
  return records;
};
