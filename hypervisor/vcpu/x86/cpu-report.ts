import type {HypercallHistory} from '../../hypercall/index.ts';
import {type DomainMemory, PAGE_SIZE} from '../../memory/index.ts';
import {hex32, type X86Core} from './core.ts';
import {ESP} from './core-state.ts';
import {translate} from './page-walk.ts';
import type {PortMap} from './ports.ts';

const CODE_BYTES = 16;
const STACK_BYTES = 32;
const CR2 = 2;

/** Where a CPU stands and how it came there, in lines for a person who looks for the reason. */
export const cpuReport = (core: X86Core, memory: DomainMemory, history: HypercallHistory, ports: PortMap): string[] => {
  const at = (linear: number, bytes: number): string => hexDump(memory, translate(core, memory, linear), bytes);
  const calls = history.lines();
  return [
    String(core),
    `code at eip: ${at(core.instructionPointer, CODE_BYTES)}`,
    `stack at esp: ${at(core.registers[ESP] >>> 0, STACK_BYTES)}`,
    `last page fault (cr2): ${hex32(core.controlRegister(CR2))}`,
    `last hypercalls: ${calls.length === 0 ? 'none' : calls.join('; ')}`,
    `accesses to I/O ports that nobody has: ${ports.unclaimed}`,
  ];
};

/** Up to the end of the page. */
const hexDump = (memory: DomainMemory, address: number, bytes: number): string => {
  if (address < 0) return 'not mapped';
  const end = Math.min(address + bytes, (Math.floor(address / PAGE_SIZE) + 1) * PAGE_SIZE);
  return Array.from(memory.u8.subarray(address, end), (byte) => byte.toString(16).padStart(2, '0')).join(' ');
};
