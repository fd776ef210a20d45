import {type DomainMemory, PAGE_SHIFT, PAGE_SIZE} from '../../memory/index.ts';
import {CR0_PG, CR4_PAE} from './core-state.ts';

/** What of the CPU decides how an address is translated. */
export interface PagingState {
  controlRegister(index: number): number;
}

export const NOT_MAPPED = -1;

const PRESENT = 1;
const LARGE = 1 << 7;
const FRAME_MASK = ~(PAGE_SIZE - 1);
const LARGE_PAGE_SHIFT = 22;
const PAE_LARGE_PAGE_SHIFT = 21;

/**
 * Physical address of a linear one, or NOT_MAPPED. Reads the guest's page tables without touching the CPU: a hypercall
 * with a bad pointer must not fault within the guest.
 * @see Intel SDM volume 3, "Paging"
 */
export const translate = (cpu: PagingState, memory: DomainMemory, linear: number): number => {
  if ((cpu.controlRegister(0) & CR0_PG) === 0) return inMemory(memory, linear >>> 0);
  const isPae = (cpu.controlRegister(4) & CR4_PAE) !== 0;
  return inMemory(memory, isPae ? walkPae(cpu, memory, linear) : walk(cpu, memory, linear));
};

const inMemory = (memory: DomainMemory, address: number): number =>
  address >= 0 && memory.isPopulated(Math.floor(address / PAGE_SIZE)) ? address : NOT_MAPPED;

/** The low word of a table entry, 0 (not present) for an entry that lies outside memory. */
const entryAt = ({u32}: DomainMemory, address: number): number => u32[address >>> 2] ?? 0;

const walk = (cpu: PagingState, memory: DomainMemory, linear: number): number => {
  const directory = entryAt(memory, (cpu.controlRegister(3) & FRAME_MASK) + (linear >>> LARGE_PAGE_SHIFT) * 4);
  if ((directory & PRESENT) === 0) return NOT_MAPPED;
  if ((directory & LARGE) !== 0) return within(directory, linear, LARGE_PAGE_SHIFT);
  const table = entryAt(memory, (directory & FRAME_MASK) + ((linear >>> PAGE_SHIFT) & 0x3ff) * 4);
  return (table & PRESENT) === 0 ? NOT_MAPPED : within(table, linear, PAGE_SHIFT);
};

/** High words of entries are 0: the engine has no memory above 4 GiB. */
const walkPae = (cpu: PagingState, memory: DomainMemory, linear: number): number => {
  const pointers = (cpu.controlRegister(3) & ~31) >>> 0;
  const pointer = entryAt(memory, pointers + (linear >>> 30) * 8);
  if ((pointer & PRESENT) === 0) return NOT_MAPPED;
  const directory = entryAt(memory, (pointer & FRAME_MASK) + ((linear >>> PAE_LARGE_PAGE_SHIFT) & 0x1ff) * 8);
  if ((directory & PRESENT) === 0) return NOT_MAPPED;
  if ((directory & LARGE) !== 0) return within(directory, linear, PAE_LARGE_PAGE_SHIFT);
  const table = entryAt(memory, (directory & FRAME_MASK) + ((linear >>> PAGE_SHIFT) & 0x1ff) * 8);
  return (table & PRESENT) === 0 ? NOT_MAPPED : within(table, linear, PAGE_SHIFT);
};

const within = (entry: number, linear: number, shift: number): number => {
  const mask = (1 << shift) - 1;
  return ((entry & FRAME_MASK & ~mask) | (linear & mask)) >>> 0;
};
