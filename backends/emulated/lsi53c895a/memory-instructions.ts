import {displacement, type Execute, wrap} from './machine.ts';
import {DSTAT_IID, SFBR_OFFSET} from './registers.ts';

const DSA_RELATIVE = 1 << 28;
const LOAD = 1 << 24;
const COUNT_MASK = 0xffffff;
const MAX_LOAD_BYTES = 4;
const CHUNK_BYTES = 4096;

/** Memory to memory; its third word is the destination. @see technical manual, "Memory Move Instructions" */
export const memoryMove: Execute = ({registers, memory, interrupts}, {opcode, operand}) => {
  const count = opcode & COUNT_MASK;
  const thirdWord = registers.get('DSP');
  const destination = memory.readU32(thirdWord);
  registers.set('DSP', wrap(thirdWord + 4));
  if (count === 0) interrupts.raiseDma(DSTAT_IID);
  const chunk = new Uint8Array(Math.min(count, CHUNK_BYTES));
  for (let at = 0; at < count; at += CHUNK_BYTES) {
    const bytes = chunk.subarray(0, Math.min(CHUNK_BYTES, count - at));
    memory.read(wrap(operand + at), bytes);
    memory.write(wrap(destination + at), bytes);
  }
  return 'next';
};

/** Up to four bytes between memory and registers. @see technical manual, "Load and Store Instructions" */
export const loadStore: Execute = ({registers, memory, interrupts}, {opcode, operand}) => {
  const count = opcode & 7;
  const offset = (opcode >>> 16) & 0xff;
  if (count === 0 || count > MAX_LOAD_BYTES) {
    interrupts.raiseDma(DSTAT_IID);
    return 'next';
  }
  const isRelative = (opcode & DSA_RELATIVE) !== 0;
  const address = isRelative ? wrap(registers.get('DSA') + displacement(operand)) : operand;
  const bytes = new Uint8Array(count);
  if ((opcode & LOAD) !== 0) {
    memory.read(address, bytes);
    writeRegisters(registers, offset, bytes);
  } else {
    const value = registers.read(offset, count);
    for (let i = 0; i < count; i++) bytes[i] = value >>> (i * 8);
    memory.write(address, bytes);
  }
  return 'next';
};

const writeRegisters = (registers: Parameters<Execute>[0]['registers'], offset: number, bytes: Uint8Array): void => {
  const value = bytes.reduce((word, byte, i) => word | (byte << (i * 8)), 0) >>> 0;
  registers.write(offset, bytes.length, value);
  const sfbr = SFBR_OFFSET - offset;
  if (sfbr >= 0 && sfbr < bytes.length) registers.set('SFBR', bytes[sfbr]);
};
