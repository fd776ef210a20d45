/**
 * Registers, selectors and the fixed address ranges of 64-bit guests.
 * @see arch-x86/xen-x86_64.h
 */
import {inlineUnion, scalar, struct, uint16_t, uint32_t, uint64_t, uint8_t, unsigned_long} from '../ctype.ts';

export const FLAT_RING3_CS32 = 0xe023;
export const FLAT_RING3_CS64 = 0xe033;
export const FLAT_RING3_DS32 = 0xe02b;
export const FLAT_RING3_DS64 = 0x0000;
export const FLAT_RING3_SS32 = 0xe02b;
export const FLAT_RING3_SS64 = 0xe02b;

export const FLAT_KERNEL_DS64 = FLAT_RING3_DS64;
export const FLAT_KERNEL_DS32 = FLAT_RING3_DS32;
export const FLAT_KERNEL_DS = FLAT_KERNEL_DS64;
export const FLAT_KERNEL_CS64 = FLAT_RING3_CS64;
export const FLAT_KERNEL_CS32 = FLAT_RING3_CS32;
export const FLAT_KERNEL_CS = FLAT_KERNEL_CS64;
export const FLAT_KERNEL_SS64 = FLAT_RING3_SS64;
export const FLAT_KERNEL_SS32 = FLAT_RING3_SS32;
export const FLAT_KERNEL_SS = FLAT_KERNEL_SS64;

export const FLAT_USER_DS64 = FLAT_RING3_DS64;
export const FLAT_USER_DS32 = FLAT_RING3_DS32;
export const FLAT_USER_DS = FLAT_USER_DS64;
export const FLAT_USER_CS64 = FLAT_RING3_CS64;
export const FLAT_USER_CS32 = FLAT_RING3_CS32;
export const FLAT_USER_CS = FLAT_USER_CS64;
export const FLAT_USER_SS64 = FLAT_RING3_SS64;
export const FLAT_USER_SS32 = FLAT_RING3_SS32;
export const FLAT_USER_SS = FLAT_USER_SS64;

export const __HYPERVISOR_VIRT_START = 0xffff800000000000n;
export const __HYPERVISOR_VIRT_END = 0xffff880000000000n;
export const __MACH2PHYS_VIRT_START = 0xffff800000000000n;
export const __MACH2PHYS_VIRT_END = 0xffff804000000000n;

export const HYPERVISOR_VIRT_START = 0xffff800000000000n;
export const HYPERVISOR_VIRT_END = 0xffff880000000000n;

export const MACH2PHYS_VIRT_START = 0xffff800000000000n;
export const MACH2PHYS_VIRT_END = 0xffff804000000000n;
export const MACH2PHYS_NR_ENTRIES = 0x800000000;

export const SEGBASE_FS = 0;
export const SEGBASE_GS_USER = 1;
export const SEGBASE_GS_KERNEL = 2;
export const SEGBASE_GS_USER_SEL = 3;

export const _VGCF_in_syscall = 8;
export const VGCF_in_syscall = 1 << _VGCF_in_syscall;
export const VGCF_IN_SYSCALL = VGCF_in_syscall;

export const iret_context = struct('iret_context', {
  x86_64: [
    ['rax', uint64_t],
    ['r11', uint64_t],
    ['rcx', uint64_t],
    ['flags', uint64_t],
    ['rip', uint64_t],
    ['cs', uint64_t],
    ['rflags', uint64_t],
    ['rsp', uint64_t],
    ['ss', uint64_t],
  ],
});

/** A register by its names of all widths; `ebp` and its like are 64 bits wide, `_ebp` is 32. */
const register = <Name extends string>(name: Name) =>
  inlineUnion([
    [`r${name}`, uint64_t],
    [`e${name}`, uint64_t],
    [`_e${name}`, uint32_t],
  ] as const);

export const cpu_user_regs = struct('cpu_user_regs', {
  x86_64: [
    ['r15', uint64_t],
    ['r14', uint64_t],
    ['r13', uint64_t],
    ['r12', uint64_t],
    ['', register('bp')],
    ['', register('bx')],
    ['r11', uint64_t],
    ['r10', uint64_t],
    ['r9', uint64_t],
    ['r8', uint64_t],
    ['', register('ax')],
    ['', register('cx')],
    ['', register('dx')],
    ['', register('si')],
    ['', register('di')],
    ['error_code', uint32_t],
    ['entry_vector', uint32_t],
    ['', register('ip')],
    ['cs', uint16_t],
    ['_pad0', uint16_t, 1],
    ['saved_upcall_mask', uint8_t],
    ['_pad1', uint8_t, 3],
    ['', register('flags')],
    ['', register('sp')],
    ['ss', uint16_t],
    ['_pad2', uint16_t, 3],
    ['es', uint16_t],
    ['_pad3', uint16_t, 3],
    ['ds', uint16_t],
    ['_pad4', uint16_t, 3],
    ['fs', uint16_t],
    ['_pad5', uint16_t, 3],
    ['gs', uint16_t],
    ['_pad6', uint16_t, 3],
  ],
});

export const arch_vcpu_info = struct('arch_vcpu_info', {
  x86_64: [
    ['cr2', unsigned_long],
    ['pad', unsigned_long],
  ],
});

export const xen_callback_t = scalar('xen_callback_t', {x86_64: 'u64'});
