/**
 * Registers, selectors and the fixed address ranges of 32-bit guests.
 * @see arch-x86/xen-x86_32.h
 */
import {struct, uint16_t, uint32_t, uint8_t, unsigned_long} from '../ctype.ts';

export const FLAT_RING1_CS = 0xe019;
export const FLAT_RING1_DS = 0xe021;
export const FLAT_RING1_SS = 0xe021;
export const FLAT_RING3_CS = 0xe02b;
export const FLAT_RING3_DS = 0xe033;
export const FLAT_RING3_SS = 0xe033;

export const FLAT_KERNEL_CS = FLAT_RING1_CS;
export const FLAT_KERNEL_DS = FLAT_RING1_DS;
export const FLAT_KERNEL_SS = FLAT_RING1_SS;
export const FLAT_USER_CS = FLAT_RING3_CS;
export const FLAT_USER_DS = FLAT_RING3_DS;
export const FLAT_USER_SS = FLAT_RING3_SS;

export const __HYPERVISOR_VIRT_START_PAE = 0xf5800000;
export const __MACH2PHYS_VIRT_START_PAE = 0xf5800000;
export const __MACH2PHYS_VIRT_END_PAE = 0xf6800000;
export const HYPERVISOR_VIRT_START_PAE = 0xf5800000;
export const MACH2PHYS_VIRT_START_PAE = 0xf5800000;
export const MACH2PHYS_VIRT_END_PAE = 0xf6800000;

export const __HYPERVISOR_VIRT_START_NONPAE = 0xfc000000;
export const __MACH2PHYS_VIRT_START_NONPAE = 0xfc000000;
export const __MACH2PHYS_VIRT_END_NONPAE = 0xfc400000;
export const HYPERVISOR_VIRT_START_NONPAE = 0xfc000000;
export const MACH2PHYS_VIRT_START_NONPAE = 0xfc000000;
export const MACH2PHYS_VIRT_END_NONPAE = 0xfc400000;

export const __HYPERVISOR_VIRT_START = __HYPERVISOR_VIRT_START_PAE;
export const __MACH2PHYS_VIRT_START = __MACH2PHYS_VIRT_START_PAE;
export const __MACH2PHYS_VIRT_END = __MACH2PHYS_VIRT_END_PAE;

export const HYPERVISOR_VIRT_START = 0xf5800000;

export const MACH2PHYS_VIRT_START = 0xf5800000;
export const MACH2PHYS_VIRT_END = 0xf6800000;
export const MACH2PHYS_NR_ENTRIES = (MACH2PHYS_VIRT_END - MACH2PHYS_VIRT_START) >> 2;

export const cpu_user_regs = struct('cpu_user_regs', {
  x86_32: [
    ['ebx', uint32_t],
    ['ecx', uint32_t],
    ['edx', uint32_t],
    ['esi', uint32_t],
    ['edi', uint32_t],
    ['ebp', uint32_t],
    ['eax', uint32_t],
    ['error_code', uint16_t],
    ['entry_vector', uint16_t],
    ['eip', uint32_t],
    ['cs', uint16_t],
    ['saved_upcall_mask', uint8_t],
    ['_pad0', uint8_t],
    ['eflags', uint32_t],
    ['esp', uint32_t],
    ['ss', uint16_t],
    ['_pad1', uint16_t],
    ['es', uint16_t],
    ['_pad2', uint16_t],
    ['ds', uint16_t],
    ['_pad3', uint16_t],
    ['fs', uint16_t],
    ['_pad4', uint16_t],
    ['gs', uint16_t],
    ['_pad5', uint16_t],
  ],
});

export const arch_vcpu_info = struct('arch_vcpu_info', {
  x86_32: [
    ['cr2', unsigned_long],
    ['pad', unsigned_long, 5],
  ],
});

export const xen_callback = struct('xen_callback', {
  x86_32: [
    ['cs', unsigned_long],
    ['eip', unsigned_long],
  ],
});
