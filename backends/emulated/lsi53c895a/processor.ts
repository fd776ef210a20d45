import type {TaskQueue} from '../../../hypervisor/schedule/index.ts';
import {blockMove} from './block-move.ts';
import {ioInstructions} from './io-instructions.ts';
import {type Execute, type Instruction, type ScriptsMachine, wrap} from './machine.ts';
import {loadStore, memoryMove} from './memory-instructions.ts';
import {readWriteInstructions} from './read-write.ts';
import * as r from './registers.ts';
import {transferControl} from './transfer-control.ts';

/** Instructions before others have their turn; a memory move counts for what it moves. */
const TURN_INSTRUCTIONS = 1000;
const BYTES_PER_INSTRUCTION = 64;
/** A script that goes on for so long without being kicked waits for memory to change: it is looked at now and then. */
const FAST_INSTRUCTIONS = 64_000;
const SLOW_TURN_NS = 1e6;

const MEMORY_MOVE = 0b110;

/** By the five highest bits of an instruction: two for its group, three for what it is there. */
const table: readonly Execute[] = [
  ...Array.from({length: 8}, () => blockMove),
  ...ioInstructions,
  ...readWriteInstructions,
  ...Array.from({length: 8}, () => transferControl),
  ...Array.from({length: 4}, () => memoryMove),
  ...Array.from({length: 4}, () => loadStore),
];

/** Fetches SCRIPTS instructions and executes them, a turn at a time. */
export class ScriptsProcessor {
  instructions = 0;
  private readonly schedule: TaskQueue;
  private readonly machine: ScriptsMachine;
  private isOn = false;
  private isPosted = false;
  /** Instructions since something happened. */
  private spent = 0;
  /** What waits for something to change. */
  private waiting: Instruction | undefined;

  constructor(schedule: TaskQueue, machine: ScriptsMachine) {
    this.schedule = schedule;
    this.machine = machine;
  }

  get isRunning(): boolean {
    return this.isOn;
  }

  /** Begins where DSP points. */
  start(): void {
    this.isOn = true;
    this.waiting = undefined;
    this.wake();
  }

  stop(): void {
    this.isOn = false;
    this.waiting = undefined;
  }

  /** Something has changed that a script may wait for. */
  wake(): void {
    this.spent = 0;
    if (this.isOn) this.post(0);
  }

  private post(delayNs: number): void {
    if (this.isPosted) return;
    this.isPosted = true;
    if (delayNs === 0) this.schedule.post(this.turn);
    else this.schedule.after(delayNs, this.turn);
  }

  private readonly turn = (): void => {
    this.isPosted = false;
    for (const end = this.spent + TURN_INSTRUCTIONS; this.spent < end && this.isOn;) {
      const instruction = this.waiting ?? this.fetch();
      if (instruction === undefined || !this.execute(instruction)) return;
      this.spent += costOf(instruction);
    }
    if (this.isOn) this.post(this.spent < FAST_INSTRUCTIONS ? 0 : SLOW_TURN_NS);
  };

  /** Undefined: the chip may not access memory, and the guest was told. */
  private fetch(): Instruction | undefined {
    const {registers, memory, interrupts, isBusMaster} = this.machine;
    if (!isBusMaster) {
      interrupts.raiseDma(r.DSTAT_BF);
      return undefined;
    }
    const at = registers.get('DSP');
    const opcode = memory.readU32(at);
    const operand = memory.readU32(wrap(at + 4));
    registers.set('DSP', wrap(at + 8));
    registers.set('DBC', opcode);
    registers.set('DSPS', operand);
    return {at, opcode, operand, isBegun: false};
  }

  /** False: it waits. */
  private execute(instruction: Instruction): boolean {
    const outcome = table[instruction.opcode >>> 27](this.machine, instruction);
    this.waiting = outcome === 'wait' && this.isOn ? instruction : undefined;
    if (this.waiting !== undefined) return false;
    this.instructions++;
    const isSingleStep = (this.machine.registers.get('DCNTL') & r.DCNTL_SSM) !== 0;
    if (isSingleStep && this.isOn) this.machine.interrupts.raiseDma(r.DSTAT_SSI);
    return true;
  }
}

const costOf = ({opcode}: Instruction): number =>
  opcode >>> 29 === MEMORY_MOVE ? 1 + (opcode & 0xffffff) / BYTES_PER_INSTRUCTION : 1;
