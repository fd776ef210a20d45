import {ERESTART} from '../../errno.ts';
import type {HypercallDoor} from '../../hypercall/index.ts';
import {type DomainMemory, PAGE_SIZE} from '../../memory/index.ts';
import type {X86Core} from './core.ts';
import {EAX, EBX, ECX, EDI, EDX, ESI} from './core-state.ts';
import {hypervisorLeaf, MSR_HYPERCALL_PAGE} from './cpuid.ts';
import {fillHypercallPage, isHypercallInstruction} from './hypercall-page.ts';
import {translate} from './page-walk.ts';

/** CPUID: Xen's leaves are ours. False: the core's own. */
export const doCpuid = ({registers}: X86Core, domid: number): boolean => {
  const leaf = hypervisorLeaf(registers[EAX] >>> 0, registers[ECX] >>> 0, domid);
  if (leaf === undefined) return false;
  [registers[EAX], registers[EBX], registers[ECX], registers[EDX]] = leaf;
  return true;
};

/** WRMSR: the one of the hypercall page is ours. */
export const doWriteMsr = (core: X86Core): boolean => {
  const {registers, memory} = core;
  if (registers[ECX] !== MSR_HYPERCALL_PAGE) return false;
  const address = (registers[EAX] & ~(PAGE_SIZE - 1)) >>> 0;
  if (memory.isPopulated(address / PAGE_SIZE)) {
    fillHypercallPage(memory.u8, address);
    core.invalidateCode(address, PAGE_SIZE);
  }
  return true;
};

export const doReadMsr = ({registers}: X86Core): boolean => {
  if (registers[ECX] !== MSR_HYPERCALL_PAGE) return false;
  registers[EAX] = registers[EDX] = 0;
  return true;
};

/** Whether an undefined opcode is VMCALL or VMMCALL, executed by a kernel. */
export const isHypercall = (core: X86Core, memory: DomainMemory): boolean => {
  if (core.privilegeLevel !== 0) return false;
  const address = translate(core, memory, core.currentInstruction);
  return address >= 0 && isHypercallInstruction(memory.u8, address);
};

/** Its number is in eax, its arguments in ebx, ecx, edx, esi, edi; its result comes to eax. */
export const doHypercall = (core: X86Core, door: HypercallDoor): void => {
  const {registers} = core;
  const args = [registers[EBX], registers[ECX], registers[EDX], registers[ESI], registers[EDI]];
  const result = door.call(registers[EAX] >>> 0, args);
  if (result === -ERESTART) {
    [registers[EBX], registers[ECX], registers[EDX], registers[ESI], registers[EDI]] = args;
    core.repeatInstruction();
  } else {
    registers[EAX] = result;
  }
};
