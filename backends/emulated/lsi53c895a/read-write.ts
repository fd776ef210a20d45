import type {Execute, ScriptsMachine} from './machine.ts';
import {SFBR_OFFSET} from './registers.ts';

const OPERAND_IS_SFBR = 1 << 23;
const MOVE = 0;

/** An operator on two bytes. Those that have a carry take and leave it in the machine. */
type Operator = (machine: ScriptsMachine, value: number, data: number) => number;

const withCarry = (machine: ScriptsMachine, sum: number): number => {
  machine.carry = sum > 0xff;
  return sum & 0xff;
};

/** By bits 24 to 26. @see technical manual, "Read/Write Instructions" */
const operators: readonly Operator[] = [
  (_, __, data) => data,
  (machine, value) => withCarry(machine, (value << 1) | (machine.carry ? 1 : 0)),
  (_, value, data) => value | data,
  (_, value, data) => value ^ data,
  (_, value, data) => value & data,
  (machine, value) => {
    const shifted = (value >>> 1) | (machine.carry ? 0x80 : 0);
    machine.carry = (value & 1) !== 0;
    return shifted;
  },
  (machine, value, data) => withCarry(machine, value + data),
  (machine, value, data) => withCarry(machine, value + data + (machine.carry ? 1 : 0)),
];

/** One of the three forms: from which byte, to which. */
const readWrite =
  (fromSfbr: boolean, toSfbr: boolean): Execute =>
  (machine, {opcode}) => {
    const {registers} = machine;
    const offset = ((opcode >>> 16) & 0x7f) | (opcode & 0x80);
    const operator = (opcode >>> 24) & 7;
    const data = (opcode & OPERAND_IS_SFBR) === 0 ? (opcode >>> 8) & 0xff : registers.get('SFBR');
    const source = (): number => (fromSfbr ? registers.get('SFBR') : registers.read(offset, 1));
    // A plain move does not read the register, which might change by it.
    const result = operators[operator](machine, operator === MOVE ? 0 : source(), data);
    // The guest cannot write SFBR, SCRIPTS can.
    if (toSfbr || offset === SFBR_OFFSET) registers.set('SFBR', result);
    else registers.write(offset, 1, result);
    return 'next';
  };

/** By bits 27 to 29 less 5. */
export const readWriteInstructions: readonly Execute[] = [
  readWrite(true, false),
  readWrite(false, true),
  readWrite(false, false),
];
