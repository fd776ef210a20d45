/** Where v86's core keeps its state in its linear memory: byte offsets, the contract of v86's own JavaScript. */
export const REG32 = 64;
/** Of the last result's flags, those that FLAGS does not have yet. */
export const FLAGS_CHANGED = 100;
export const FLAGS = 120;
export const SEGMENT_ACCESS = 512;
export const APIC_ENABLED = 548;
export const ACPI_ENABLED = 552;
export const INSTRUCTION_POINTER = 556;
/** Linear address of the instruction that is being executed. */
export const PREVIOUS_IP = 560;
export const IDTR_SIZE = 564;
export const IDTR_OFFSET = 568;
export const GDTR_SIZE = 572;
export const GDTR_OFFSET = 576;
export const CONTROL_REGISTERS = 580;
export const CPL = 612;
export const IN_HLT = 616;
export const SYSENTER_CS = 636;
export const SYSENTER_ESP = 640;
export const SYSENTER_EIP = 644;
export const INSTRUCTION_COUNTER = 664;
export const SEGMENT_SELECTORS = 668;
export const DEBUG_REGISTERS = 684;
export const SEGMENT_IS_NULL = 724;
export const SEGMENT_OFFSETS = 736;
export const SEGMENT_LIMITS = 768;
export const PROTECTED_MODE = 800;
export const IS_32 = 804;
export const STACK_SIZE_32 = 808;
export const MEMORY_SIZE = 812;
/** A bit a register of the FPU's stack, by its number and not by its place on it. */
export const FPU_STACK_EMPTY = 816;
export const MXCSR = 824;
export const XMM = 832;
/** What the CPU keeps of the four page directory pointers. */
export const PDPTE = 968;
export const FPU_STACK_PTR = 1032;
export const FPU_CONTROL_WORD = 1036;
/** Without the top of the stack. */
export const FPU_STATUS_WORD = 1040;
export const FPU_OPCODE = 1044;
export const FPU_IP = 1048;
export const FPU_IP_SELECTOR = 1052;
export const FPU_DP = 1056;
export const FPU_DP_SELECTOR = 1060;
export const TSS_SIZE_32 = 1128;
/** Extended reals, 16 bytes each. */
export const FPU_ST = 1152;
/** The local APIC from get_apic_addr() on, in bytes. */
export const APIC_BYTES = 46 * 4;
/** The local APIC's interrupt request register, from get_apic_addr(). */
export const APIC_IRR = 64;
/** And its in-service register. */
export const APIC_ISR = 96;
export const APIC_VECTORS = 256;
/** Pins of the I/O APIC; their redirection entries' low words begin at get_ioapic_addr(). */
export const IO_APIC_PINS = 24;

/** Index of a register at REG32. */
export const EAX = 0;
export const ECX = 1;
export const EDX = 2;
export const EBX = 3;
export const ESP = 4;
export const ESI = 6;
export const EDI = 7;

/** Index of a segment: ES, CS, SS, DS, FS, GS, TR, LDTR. */
export const ES = 0;
export const CS = 1;
export const DS = 3;
export const SEGMENTS = 8;

export const FLAG_INTERRUPT = 1 << 9;
export const FLAG_DIRECTION = 1 << 10;
export const CR0_PE = 1;
export const CR0_ET = 1 << 4;
export const CR0_PG = 1 << 31;
export const CR4_PAE = 1 << 5;
