import {displacement, type Execute, type Instruction, type ScriptsMachine, wrap} from './machine.ts';
import {BUSY, type Phase} from './phases.ts';
import * as r from './registers.ts';

const RELATIVE = 1 << 23;
const TEST_CARRY = 1 << 21;
const ON_THE_FLY = 1 << 20;
const IF_TRUE = 1 << 19;
const COMPARE_DATA = 1 << 18;
const COMPARE_PHASE = 1 << 17;
const WAIT_FOR_PHASE = 1 << 16;

/** What is done when the condition holds. */
type Action = (machine: ScriptsMachine, address: number, opcode: number) => void;

const jump: Action = ({registers}, address) => {
  registers.set('ADDER', address);
  registers.set('DSP', address);
};

const call: Action = ({registers}, address) => {
  registers.set('TEMP', registers.get('DSP'));
  registers.set('DSP', address);
};

const goBack: Action = ({registers}) => registers.set('DSP', registers.get('TEMP'));

const interrupt: Action = ({interrupts}, _, opcode) => {
  if ((opcode & ON_THE_FLY) !== 0) interrupts.fly();
  else interrupts.raiseDma(r.DSTAT_SIR);
};

/** By bits 27 to 29. */
const actions: readonly Action[] = [jump, call, goBack, interrupt];

/** JUMP, CALL, RETURN, INT and INTFLY. @see technical manual, "Transfer Control Instructions" */
export const transferControl: Execute = (machine, instruction) => {
  const {opcode} = instruction;
  const action = actions[(opcode >>> 27) & 7] as Action | undefined;
  if (action === undefined) {
    machine.interrupts.raiseDma(r.DSTAT_IID);
    return 'next';
  }
  const phase = (opcode & WAIT_FOR_PHASE) === 0 ? machine.initiator.phase : machine.initiator.awaitPhase();
  if (phase === BUSY) return 'wait';
  if (phase === undefined && (opcode & WAIT_FOR_PHASE) !== 0) return 'next';
  if (holds(machine, opcode, phase)) action(machine, addressOf(machine, instruction), opcode);
  return 'next';
};

/** All that is compared agrees, or something does not, as the instruction has it. Without a comparison it agrees. */
const holds = ({registers, carry}: ScriptsMachine, opcode: number, phase: Phase | undefined): boolean => {
  const mask = ~(opcode >>> 8) & 0xff;
  const agrees =
    ((opcode & TEST_CARRY) === 0 || carry) &&
    ((opcode & COMPARE_PHASE) === 0 || phase === ((opcode >>> 24) & 7)) &&
    ((opcode & COMPARE_DATA) === 0 || (registers.get('SFBR') & mask) === (opcode & mask));
  return agrees === ((opcode & IF_TRUE) !== 0);
};

const addressOf = ({registers}: ScriptsMachine, {opcode, operand}: Instruction): number =>
  (opcode & RELATIVE) === 0 ? operand : wrap(registers.get('DSP') + displacement(operand));
