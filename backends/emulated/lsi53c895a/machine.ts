import type {RegisterFile} from '../registers/index.ts';
import type {ChipMemory} from './chip-memory.ts';
import type {Initiator} from './initiator.ts';
import type {LsiInterrupts} from './interrupts.ts';
import type {LsiRegister} from './registers.ts';

/** What SCRIPTS instructions work on. */
export interface ScriptsMachine {
  readonly registers: RegisterFile<LsiRegister>;
  readonly memory: ChipMemory;
  readonly initiator: Initiator;
  readonly interrupts: LsiInterrupts;
  /** The guest lets the chip access memory. */
  readonly isBusMaster: boolean;
  /** Of the arithmetic unit. */
  carry: boolean;
}

/** An instruction as it was fetched. */
export interface Instruction {
  /** Where it was. */
  readonly at: number;
  /** Its first two words. */
  readonly opcode: number;
  readonly operand: number;
  /** A block move that has waited goes on where it was. */
  isBegun: boolean;
}

/** What comes after an instruction: the next one, or the same again when something has changed. */
export type Outcome = 'next' | 'wait';

/** Executes an instruction of one kind; DSP is behind it. */
export type Execute = (machine: ScriptsMachine, instruction: Instruction) => Outcome;

/** The low 24 bits as a signed displacement. */
export const displacement = (word: number): number => (word << 8) >> 8;

export const wrap = (address: number): number => address >>> 0;
