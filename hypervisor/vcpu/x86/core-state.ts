/** Where v86's core keeps its state in its linear memory: byte offsets, the contract of v86's own JavaScript. */
export const REG32 = 64;
export const FLAGS = 120;
export const SEGMENT_ACCESS = 512;
export const ACPI_ENABLED = 552;
export const INSTRUCTION_POINTER = 556;
/** Linear address of the instruction that is being executed. */
export const PREVIOUS_IP = 560;
export const CONTROL_REGISTERS = 580;
export const CPL = 612;
export const IN_HLT = 616;
export const INSTRUCTION_COUNTER = 664;
export const SEGMENT_SELECTORS = 668;
export const SEGMENT_OFFSETS = 736;
export const SEGMENT_LIMITS = 768;
export const PROTECTED_MODE = 800;
export const IS_32 = 804;
export const STACK_SIZE_32 = 808;
export const MEMORY_SIZE = 812;
/** The local APIC's interrupt request register, from get_apic_addr(). */
export const APIC_IRR = 64;
/** And its in-service register. */
export const APIC_ISR = 96;

/** Index of a register at REG32. */
export const EAX = 0;
export const ECX = 1;
export const EDX = 2;
export const EBX = 3;
export const ESI = 6;
export const EDI = 7;

/** Index of a segment: ES, CS, SS, DS, FS, GS, TR, LDTR. */
export const CS = 1;
export const SEGMENTS = 8;

export const FLAG_INTERRUPT = 1 << 9;
export const CR0_PE = 1;
export const CR0_ET = 1 << 4;
export const CR0_PG = 1 << 31;
export const CR4_PAE = 1 << 5;
