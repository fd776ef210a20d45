import type {EmulatedIo} from '../../ioreq/index.ts';
import {type DomainMemory, PAGE_SIZE} from '../../memory/index.ts';
import type {X86Core} from './core.ts';
import {ECX, EDI, EDX, ESI} from './core-state.ts';
import {NOT_MAPPED, translate} from './page-walk.ts';

const PREFIX_REP = 0xf3;
const PREFIX_OPERAND_SIZE = 0x66;
/** INSB, INSD, OUTSB, OUTSD follow each other. */
const FIRST_STRING_IO = 0x6c;
const IS_WIDE = 1;
const IS_OUT = 2;

interface StringInstruction {
  readonly bytes: number;
  readonly isOut: boolean;
}

/** Undefined for what has another prefix: a segment's, or for 16-bit addresses. */
const decode = (code: Uint8Array): StringInstruction | undefined => {
  let at = 0;
  let wideBytes = 4;
  for (; code[at] === PREFIX_REP || code[at] === PREFIX_OPERAND_SIZE; at++) {
    if (code[at] === PREFIX_OPERAND_SIZE) wideBytes = 2;
  }
  const opcode = code[at] - FIRST_STRING_IO;
  if (!(opcode >= 0 && opcode <= (IS_WIDE | IS_OUT))) return undefined;
  return {bytes: (opcode & IS_WIDE) === 0 ? 1 : wideBytes, isOut: (opcode & IS_OUT) !== 0};
};

/**
 * REP INS and REP OUTS of a kernel in the form that kernels use: up to the end of a page in one request to the device, as
 * Xen does it, and then the instruction again for what is left. False leaves it to the core, which does it one by one.
 */
export const repeatStringIo = (core: X86Core, memory: DomainMemory, io: EmulatedIo, vcpu: number): boolean => {
  if (core.privilegeLevel !== 0 || !core.isFlat || core.stringsGoDown) return false;
  const at = translate(core, memory, core.currentInstruction);
  const instruction = at === NOT_MAPPED ? undefined : decode(memory.u8.subarray(at, at + 4));
  if (instruction === undefined) return false;
  const {registers} = core;
  const {bytes, isOut} = instruction;
  const index = isOut ? ESI : EDI;
  const address = translate(core, memory, registers[index] >>> 0);
  const left = registers[ECX] >>> 0;
  const count = Math.min(left, Math.floor((PAGE_SIZE - (address % PAGE_SIZE)) / bytes));
  if (address === NOT_MAPPED || count === 0) return false;
  const port = registers[EDX] & 0xffff;
  if (isOut) io.writePortString(vcpu, port, bytes, address, count);
  else io.readPortString(vcpu, port, bytes, address, count);
  registers[index] += count * bytes;
  registers[ECX] = left - count;
  if (count < left) core.repeatInstruction();
  return true;
};
