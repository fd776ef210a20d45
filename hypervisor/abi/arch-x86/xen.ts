/**
 * What xen.h leaves to the architecture: word sizes, vCPU state, the tail of shared_info.
 * @see arch-x86/xen.h
 */
import * as x86_32 from './xen-x86-32.ts';
import * as x86_64 from './xen-x86-64.ts';
import {char, inlineStruct, scalar, struct, uint16_t, uint32_t, uint64_t, uint8_t, unsigned_long} from '../ctype.ts';

export const xen_pfn_t = scalar('xen_pfn_t', {x86_64: 'u64', x86_32: 'u32'});

export const PRI_xen_pfn = 'lx';
export const PRIu_xen_pfn = 'lu';

export const XEN_HAVE_PV_GUEST_ENTRY = 1;
export const XEN_HAVE_PV_UPCALL_MASK = 1;

export const FIRST_RESERVED_GDT_PAGE = 14;
export const FIRST_RESERVED_GDT_BYTE = FIRST_RESERVED_GDT_PAGE * 4096;
export const FIRST_RESERVED_GDT_ENTRY = 7168;

export const XEN_LEGACY_MAX_VCPUS = 32;

export const xen_ulong_t = scalar('xen_ulong_t', {x86_64: 'u64', x86_32: 'u32'});

export const PRI_xen_ulong = 'lx';

export const trap_info = struct('trap_info', [
  ['vector', uint8_t],
  ['flags', uint8_t],
  ['cs', uint16_t],
  ['address', unsigned_long],
]);

export const tsc_timestamp_t = scalar('tsc_timestamp_t', 'u64');

export const vcpu_guest_context = struct('vcpu_guest_context', [
  ['fpu_ctxt', inlineStruct([['x', char, 512]])],
  ['flags', unsigned_long],
  ['user_regs', {x86_64: x86_64.cpu_user_regs, x86_32: x86_32.cpu_user_regs}],
  ['trap_ctxt', trap_info, 256],
  ['ldt_base', unsigned_long],
  ['ldt_ents', unsigned_long],
  ['gdt_frames', unsigned_long, 16],
  ['gdt_ents', unsigned_long],
  ['kernel_ss', unsigned_long],
  ['kernel_sp', unsigned_long],
  ['ctrlreg', unsigned_long, 8],
  ['debugreg', unsigned_long, 8],
  ['event_callback_cs', {x86_32: unsigned_long}],
  ['event_callback_eip', unsigned_long],
  ['failsafe_callback_cs', {x86_32: unsigned_long}],
  ['failsafe_callback_eip', unsigned_long],
  ['syscall_callback_eip', {x86_64: unsigned_long}],
  ['vm_assist', unsigned_long],
  ['fs_base', {x86_64: uint64_t}],
  ['gs_base_kernel', {x86_64: uint64_t}],
  ['gs_base_user', {x86_64: uint64_t}],
]);

export const VGCF_I387_VALID = 1 << 0;
export const VGCF_IN_KERNEL = 1 << 2;
export const _VGCF_i387_valid = 0;
export const VGCF_i387_valid = 1 << _VGCF_i387_valid;
export const _VGCF_in_kernel = 2;
export const VGCF_in_kernel = 1 << _VGCF_in_kernel;
export const _VGCF_failsafe_disables_events = 3;
export const VGCF_failsafe_disables_events = 1 << _VGCF_failsafe_disables_events;
export const _VGCF_syscall_disables_events = 4;
export const VGCF_syscall_disables_events = 1 << _VGCF_syscall_disables_events;
export const _VGCF_online = 5;
export const VGCF_online = 1 << _VGCF_online;

export const arch_shared_info = struct('arch_shared_info', [
  ['max_pfn', unsigned_long],
  ['pfn_to_mfn_frame_list_list', xen_pfn_t],
  ['nmi_reason', unsigned_long],
  ['p2m_cr3', unsigned_long],
  ['p2m_vaddr', unsigned_long],
  ['p2m_generation', unsigned_long],
  ['wc_sec_hi', {x86_32: uint32_t}],
]);

export const xen_arch_domainconfig = struct('xen_arch_domainconfig', [
  ['emulation_flags', uint32_t],
  ['misc_flags', uint32_t],
]);

export const _XEN_X86_EMU_LAPIC = 0;
export const XEN_X86_EMU_LAPIC = 1 << _XEN_X86_EMU_LAPIC;
export const _XEN_X86_EMU_HPET = 1;
export const XEN_X86_EMU_HPET = 1 << _XEN_X86_EMU_HPET;
export const _XEN_X86_EMU_PM = 2;
export const XEN_X86_EMU_PM = 1 << _XEN_X86_EMU_PM;
export const _XEN_X86_EMU_RTC = 3;
export const XEN_X86_EMU_RTC = 1 << _XEN_X86_EMU_RTC;
export const _XEN_X86_EMU_IOAPIC = 4;
export const XEN_X86_EMU_IOAPIC = 1 << _XEN_X86_EMU_IOAPIC;
export const _XEN_X86_EMU_PIC = 5;
export const XEN_X86_EMU_PIC = 1 << _XEN_X86_EMU_PIC;
export const _XEN_X86_EMU_VGA = 6;
export const XEN_X86_EMU_VGA = 1 << _XEN_X86_EMU_VGA;
export const _XEN_X86_EMU_IOMMU = 7;
export const XEN_X86_EMU_IOMMU = 1 << _XEN_X86_EMU_IOMMU;
export const _XEN_X86_EMU_PIT = 8;
export const XEN_X86_EMU_PIT = 1 << _XEN_X86_EMU_PIT;
export const _XEN_X86_EMU_USE_PIRQ = 9;
export const XEN_X86_EMU_USE_PIRQ = 1 << _XEN_X86_EMU_USE_PIRQ;
export const _XEN_X86_EMU_VPCI = 10;
export const XEN_X86_EMU_VPCI = 1 << _XEN_X86_EMU_VPCI;
export const XEN_X86_EMU_ALL =
  XEN_X86_EMU_LAPIC |
  XEN_X86_EMU_HPET |
  XEN_X86_EMU_PM |
  XEN_X86_EMU_RTC |
  XEN_X86_EMU_IOAPIC |
  XEN_X86_EMU_PIC |
  XEN_X86_EMU_VGA |
  XEN_X86_EMU_IOMMU |
  XEN_X86_EMU_PIT |
  XEN_X86_EMU_USE_PIRQ |
  XEN_X86_EMU_VPCI;
export const XEN_X86_MSR_RELAXED = 1 << 0;
export const XEN_X86_MISC_FLAGS_MAX = XEN_X86_MSR_RELAXED;

export const xen_cpuid_leaf = struct('xen_cpuid_leaf', [
  ['leaf', uint32_t],
  ['subleaf', uint32_t],
  ['a', uint32_t],
  ['b', uint32_t],
  ['c', uint32_t],
  ['d', uint32_t],
]);

export const XEN_CPUID_NO_SUBLEAF = 0xffffffff;

export const xen_msr_entry = struct('xen_msr_entry', [
  ['idx', uint32_t],
  ['flags', uint32_t],
  ['val', uint64_t],
]);

export const XEN_EMULATE_PREFIX = '.byte 0x0f,0x0b,0x78,0x65,0x6e ; ';
export const XEN_CPUID = '.byte 0x0f,0x0b,0x78,0x65,0x6e ; cpuid';
export const XEN_HVM_DEBUGCONS_IOPORT = 0xe9;
