import {displacement, type Execute, type Instruction, type ScriptsMachine, wrap} from './machine.ts';
import * as r from './registers.ts';

const RELATIVE = 1 << 26;
const TABLE_INDIRECT = 1 << 25;
const WITH_ATN = 1 << 24;

/** Signals of SET and CLEAR. */
const ATN = 1 << 3;
const ACK = 1 << 6;
const CARRY = 1 << 10;

/** @see technical manual, "I/O Instructions" */
const select: Execute = (machine, instruction) => {
  const {registers, memory, initiator} = machine;
  const {opcode} = instruction;
  let target = opcode;
  if ((opcode & TABLE_INDIRECT) !== 0) {
    target = memory.readU32(wrap(registers.get('DSA') + displacement(opcode)));
    registers.set('SCNTL3', target >>> 24);
    registers.set('SXFER', target >>> 8);
  }
  // Who wants to come back wins the arbitration.
  if (initiator.isConnected || initiator.reselect()) goElsewhere(machine, instruction);
  else {
    const id = (target >>> 16) & 0x0f;
    registers.set('SDID', id);
    initiator.select(id, (opcode & WITH_ATN) !== 0);
  }
  return 'next';
};

const waitDisconnect: Execute = ({initiator}) => {
  initiator.releaseAck();
  return initiator.isConnected ? 'wait' : 'next';
};

const waitReselect: Execute = (machine, instruction) => {
  const {registers, initiator} = machine;
  if (initiator.isConnected || initiator.reselect()) return 'next';
  if ((registers.get('ISTAT0') & r.ISTAT0_SIGP) === 0) return 'wait';
  goElsewhere(machine, instruction);
  return 'next';
};

const set: Execute = (machine, {opcode}) => {
  if ((opcode & ATN) !== 0) machine.initiator.setAtn(true);
  if ((opcode & CARRY) !== 0) machine.carry = true;
  return 'next';
};

const clear: Execute = (machine, {opcode}) => {
  if ((opcode & ATN) !== 0) machine.initiator.setAtn(false);
  if ((opcode & ACK) !== 0) machine.initiator.releaseAck();
  if ((opcode & CARRY) !== 0) machine.carry = false;
  return 'next';
};

const goElsewhere = ({registers}: ScriptsMachine, {opcode, operand}: Instruction): void => {
  const isRelative = (opcode & RELATIVE) !== 0;
  const address = isRelative ? wrap(registers.get('DSP') + displacement(operand)) : operand;
  registers.set('DNAD', address);
  registers.set('DSP', address);
};

/** By bits 27 to 29. */
export const ioInstructions: readonly Execute[] = [select, waitDisconnect, waitReselect, set, clear];
