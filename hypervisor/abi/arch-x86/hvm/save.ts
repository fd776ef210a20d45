/**
 * What Xen knows of a saved HVM domain beside its memory: records of its CPU and local APIC, each behind a descriptor.
 * @see hvm/save.h, arch-x86/hvm/save.h
 */
import {struct, uint16_t, uint32_t, uint64_t, uint8_t} from '../../ctype.ts';

/** The records are the same on both ABIs: all is aligned by hand. */
export const HVM_SAVE_ABI = 'x86_64';

export const HVM_FILE_MAGIC = 0x54381286;
export const HVM_FILE_VERSION = 1;

/** `typecode` of a record, HVM_SAVE_CODE() in the header. */
export const HVM_SAVE_CODE_END = 0;
export const HVM_SAVE_CODE_HEADER = 1;
export const HVM_SAVE_CODE_CPU = 2;
export const HVM_SAVE_CODE_LAPIC = 5;
export const HVM_SAVE_CODE_LAPIC_REGS = 6;

/** hvm_hw_cpu.flags: fpu_regs are valid. */
export const XEN_X86_FPU_INITIALISED = 1;

/** `length` is without the descriptor. */
export const hvm_save_descriptor = struct('hvm_save_descriptor', [
  ['typecode', uint16_t],
  ['instance', uint16_t],
  ['length', uint32_t],
]);

export const hvm_save_header = struct('hvm_save_header', [
  ['magic', uint32_t],
  ['version', uint32_t],
  ['changeset', uint64_t],
  ['cpuid', uint32_t],
  ['gtsc_khz', uint32_t],
]);

/** `fpu_regs` is what FXSAVE writes. */
export const hvm_hw_cpu = struct('hvm_hw_cpu', [
  ['fpu_regs', uint8_t, 512],
  ['rax', uint64_t],
  ['rbx', uint64_t],
  ['rcx', uint64_t],
  ['rdx', uint64_t],
  ['rbp', uint64_t],
  ['rsi', uint64_t],
  ['rdi', uint64_t],
  ['rsp', uint64_t],
  ['r8', uint64_t],
  ['r9', uint64_t],
  ['r10', uint64_t],
  ['r11', uint64_t],
  ['r12', uint64_t],
  ['r13', uint64_t],
  ['r14', uint64_t],
  ['r15', uint64_t],
  ['rip', uint64_t],
  ['rflags', uint64_t],
  ['cr0', uint64_t],
  ['cr2', uint64_t],
  ['cr3', uint64_t],
  ['cr4', uint64_t],
  ['dr0', uint64_t],
  ['dr1', uint64_t],
  ['dr2', uint64_t],
  ['dr3', uint64_t],
  ['dr6', uint64_t],
  ['dr7', uint64_t],
  ['cs_sel', uint32_t],
  ['ds_sel', uint32_t],
  ['es_sel', uint32_t],
  ['fs_sel', uint32_t],
  ['gs_sel', uint32_t],
  ['ss_sel', uint32_t],
  ['tr_sel', uint32_t],
  ['ldtr_sel', uint32_t],
  ['cs_limit', uint32_t],
  ['ds_limit', uint32_t],
  ['es_limit', uint32_t],
  ['fs_limit', uint32_t],
  ['gs_limit', uint32_t],
  ['ss_limit', uint32_t],
  ['tr_limit', uint32_t],
  ['ldtr_limit', uint32_t],
  ['idtr_limit', uint32_t],
  ['gdtr_limit', uint32_t],
  ['cs_base', uint64_t],
  ['ds_base', uint64_t],
  ['es_base', uint64_t],
  ['fs_base', uint64_t],
  ['gs_base', uint64_t],
  ['ss_base', uint64_t],
  ['tr_base', uint64_t],
  ['ldtr_base', uint64_t],
  ['idtr_base', uint64_t],
  ['gdtr_base', uint64_t],
  ['cs_arbytes', uint32_t],
  ['ds_arbytes', uint32_t],
  ['es_arbytes', uint32_t],
  ['fs_arbytes', uint32_t],
  ['gs_arbytes', uint32_t],
  ['ss_arbytes', uint32_t],
  ['tr_arbytes', uint32_t],
  ['ldtr_arbytes', uint32_t],
  ['sysenter_cs', uint64_t],
  ['sysenter_esp', uint64_t],
  ['sysenter_eip', uint64_t],
  ['shadow_gs', uint64_t],
  ['msr_flags', uint64_t],
  ['msr_lstar', uint64_t],
  ['msr_star', uint64_t],
  ['msr_cstar', uint64_t],
  ['msr_syscall_mask', uint64_t],
  ['msr_efer', uint64_t],
  ['msr_tsc_aux', uint64_t],
  ['tsc', uint64_t],
  ['pending_event', uint32_t],
  ['error_code', uint32_t],
  ['flags', uint32_t],
  ['pad0', uint32_t],
]);

export const hvm_hw_lapic = struct('hvm_hw_lapic', [
  ['apic_base_msr', uint64_t],
  ['disabled', uint32_t],
  ['timer_divisor', uint32_t],
  ['tdt_msr', uint64_t],
]);

/** The registers at their offsets in the APIC's page. */
export const hvm_hw_lapic_regs = struct('hvm_hw_lapic_regs', [['data', uint8_t, 1024]]);
