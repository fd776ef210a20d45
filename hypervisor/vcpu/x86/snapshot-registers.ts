import {HVM_SAVE_ABI, hvm_hw_cpu, XEN_X86_FPU_INITIALISED} from '../../abi/arch-x86/hvm/save.ts';
import {offsetsOf} from '../../abi/layout.ts';
import * as state from './core-state.ts';
import type {SavedParts} from './snapshot.ts';

const cpuFields = offsetsOf(hvm_hw_cpu, HVM_SAVE_ABI);
type CpuField = keyof typeof cpuFields;

const general = ['rax', 'rcx', 'rdx', 'rbx', 'rsp', 'rbp', 'rsi', 'rdi'] as const;
/** In the engine's order. */
const segments = ['es', 'cs', 'ss', 'ds', 'fs', 'gs', 'tr', 'ldtr'] as const;
const TR = segments.indexOf('tr');
const LDTR = segments.indexOf('ldtr');

/** Fields of 32 significant bits and where the engine has them. */
const words: readonly (readonly [field: CpuField, offset: number])[] = [
  ...general.map((name, i) => [name, state.REG32 + i * 4] as const),
  ['rip', state.INSTRUCTION_POINTER],
  ...([0, 2, 3, 4] as const).map((n) => [`cr${n}`, state.CONTROL_REGISTERS + n * 4] as const),
  ...([0, 1, 2, 3, 6, 7] as const).map((n) => [`dr${n}`, state.DEBUG_REGISTERS + n * 4] as const),
  ...segments.map((name, i) => [`${name}_base`, state.SEGMENT_OFFSETS + i * 4] as const),
  ...segments.map((name, i) => [`${name}_limit`, state.SEGMENT_LIMITS + i * 4] as const),
  ['idtr_base', state.IDTR_OFFSET],
  ['idtr_limit', state.IDTR_SIZE],
  ['gdtr_base', state.GDTR_OFFSET],
  ['gdtr_limit', state.GDTR_SIZE],
  ['sysenter_cs', state.SYSENTER_CS],
  ['sysenter_esp', state.SYSENTER_ESP],
  ['sysenter_eip', state.SYSENTER_EIP],
];

/** Attributes of a segment: its access byte, then AVL, L, D/B and G. */
const ATTRIBUTE_PRESENT = 1 << 7;
const ATTRIBUTE_BIG = 1 << 10;
const ATTRIBUTE_GRANULAR = 1 << 11;
const ACCESS_TSS_16 = 0x83;
const ACCESS_TSS_32 = 0x8b;
const ACCESS_LDT = 0x82;
const MAX_BYTE_LIMIT = 0xfffff;

export const saveRegisters = ({cpu, flags, tsc}: SavedParts, saved: DataView): void => {
  for (const [field, offset] of words) saved.setUint32(cpuFields[field], cpu.getUint32(offset, true), true);
  for (const [i, name] of segments.entries()) {
    saved.setUint32(cpuFields[`${name}_sel`], cpu.getUint16(state.SEGMENT_SELECTORS + i * 2, true), true);
    saved.setUint32(cpuFields[`${name}_arbytes`], attributes(cpu, i), true);
  }
  saved.setUint32(cpuFields.rflags, flags, true);
  saved.setBigUint64(cpuFields.tsc, tsc, true);
  saved.setUint32(cpuFields.flags, XEN_X86_FPU_INITIALISED, true);
  saveFpu(cpu, saved);
};

/** Returns the time stamp counter. */
export const loadRegisters = (saved: DataView, cpu: DataView): bigint => {
  for (const [field, offset] of words) cpu.setUint32(offset, saved.getUint32(cpuFields[field], true), true);
  for (const [i, name] of segments.entries()) {
    const access = saved.getUint32(cpuFields[`${name}_arbytes`], true);
    cpu.setUint16(state.SEGMENT_SELECTORS + i * 2, saved.getUint32(cpuFields[`${name}_sel`], true), true);
    cpu.setUint8(state.SEGMENT_ACCESS + i, access);
    cpu.setUint8(state.SEGMENT_IS_NULL + i, (access & ATTRIBUTE_PRESENT) === 0 && i < TR ? 1 : 0);
  }
  const csAttributes = saved.getUint32(cpuFields.cs_arbytes, true);
  const ssAttributes = saved.getUint32(cpuFields.ss_arbytes, true);
  cpu.setUint8(state.IS_32, (csAttributes & ATTRIBUTE_BIG) === 0 ? 0 : 1);
  cpu.setUint8(state.STACK_SIZE_32, (ssAttributes & ATTRIBUTE_BIG) === 0 ? 0 : 1);
  cpu.setUint8(state.TSS_SIZE_32, (saved.getUint32(cpuFields.tr_arbytes, true) & 0xff) === ACCESS_TSS_32 ? 1 : 0);
  // The privilege level is that of the stack segment.
  cpu.setUint8(state.CPL, (ssAttributes >>> 5) & 3);
  cpu.setUint8(state.PROTECTED_MODE, saved.getUint32(cpuFields.cr0, true) & state.CR0_PE);
  cpu.setUint32(state.FLAGS, saved.getUint32(cpuFields.rflags, true), true);
  cpu.setUint32(state.FLAGS_CHANGED, 0, true);
  cpu.setUint8(state.IN_HLT, 0);
  loadFpu(saved, cpu);
  return saved.getBigUint64(cpuFields.tsc, true);
};

/** A null segment is one that is not present. The engine keeps no access byte of the last two. */
const attributes = (cpu: DataView, segment: number): number => {
  const isNull = cpu.getUint8(state.SEGMENT_IS_NULL + segment) !== 0;
  const granular = cpu.getUint32(state.SEGMENT_LIMITS + segment * 4, true) > MAX_BYTE_LIMIT ? ATTRIBUTE_GRANULAR : 0;
  if (segment === TR) return cpu.getUint8(state.TSS_SIZE_32) === 0 ? ACCESS_TSS_16 : ACCESS_TSS_32;
  if (segment === LDTR) return cpu.getUint16(state.SEGMENT_SELECTORS + segment * 2, true) === 0 ? 0 : ACCESS_LDT;
  if (isNull) return 0;
  const isBig = cpu.getUint8(segment === state.CS ? state.IS_32 : state.STACK_SIZE_32) !== 0;
  return cpu.getUint8(state.SEGMENT_ACCESS + segment) | (isBig ? ATTRIBUTE_BIG : 0) | granular;
};

/** Byte offsets of what FXSAVE writes. @see Intel SDM volume 2, FXSAVE */
const FX_CONTROL = 0;
const FX_STATUS = 2;
const FX_TAG = 4;
const FX_OPCODE = 6;
const FX_IP = 8;
const FX_CS = 12;
const FX_DP = 16;
const FX_DS = 20;
const FX_MXCSR = 24;
const FX_MXCSR_MASK = 28;
const FX_ST = 32;
const FX_XMM = 160;
const MXCSR_MASK = 0xffff;
const REGISTERS = 8;
const SLOT_BYTES = 16;
const ST_BYTES = 10;
/** The top of the stack within the status word. */
const TOP_SHIFT = 11;
const TOP_MASK = 7 << TOP_SHIFT;

/** Same width on both sides. */
const fpuHalves = [
  [FX_CONTROL, state.FPU_CONTROL_WORD],
  [FX_OPCODE, state.FPU_OPCODE],
  [FX_CS, state.FPU_IP_SELECTOR],
  [FX_DS, state.FPU_DP_SELECTOR],
] as const;
const fpuWords = [
  [FX_IP, state.FPU_IP],
  [FX_DP, state.FPU_DP],
  [FX_MXCSR, state.MXCSR],
] as const;

const saveFpu = (cpu: DataView, saved: DataView): void => {
  const top = cpu.getUint8(state.FPU_STACK_PTR) & 7;
  for (const [fx, offset] of fpuHalves) saved.setUint16(fx, cpu.getUint16(offset, true), true);
  for (const [fx, offset] of fpuWords) saved.setUint32(fx, cpu.getUint32(offset, true), true);
  const status = (cpu.getUint16(state.FPU_STATUS_WORD, true) & ~TOP_MASK) | (top << TOP_SHIFT);
  saved.setUint16(FX_STATUS, status, true);
  saved.setUint8(FX_TAG, ~cpu.getUint8(state.FPU_STACK_EMPTY));
  saved.setUint32(FX_MXCSR_MASK, MXCSR_MASK, true);
  for (let i = 0; i < REGISTERS; i++) {
    copy(cpu, state.FPU_ST + ((top + i) & 7) * SLOT_BYTES, saved, FX_ST + i * SLOT_BYTES, ST_BYTES);
    copy(cpu, state.XMM + i * SLOT_BYTES, saved, FX_XMM + i * SLOT_BYTES, SLOT_BYTES);
  }
};

const loadFpu = (saved: DataView, cpu: DataView): void => {
  const status = saved.getUint16(FX_STATUS, true);
  const top = (status & TOP_MASK) >>> TOP_SHIFT;
  for (const [fx, offset] of fpuHalves) cpu.setUint16(offset, saved.getUint16(fx, true), true);
  for (const [fx, offset] of fpuWords) cpu.setUint32(offset, saved.getUint32(fx, true), true);
  cpu.setUint16(state.FPU_STATUS_WORD, status & ~TOP_MASK, true);
  cpu.setUint8(state.FPU_STACK_PTR, top);
  cpu.setUint8(state.FPU_STACK_EMPTY, ~saved.getUint8(FX_TAG));
  for (let i = 0; i < REGISTERS; i++) {
    copy(saved, FX_ST + i * SLOT_BYTES, cpu, state.FPU_ST + ((top + i) & 7) * SLOT_BYTES, ST_BYTES);
    copy(saved, FX_XMM + i * SLOT_BYTES, cpu, state.XMM + i * SLOT_BYTES, SLOT_BYTES);
  }
};

const copy = (from: DataView, at: number, to: DataView, toAt: number, bytes: number): void => {
  for (let i = 0; i < bytes; i++) to.setUint8(toAt + i, from.getUint8(at + i));
};
