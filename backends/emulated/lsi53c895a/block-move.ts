import {displacement, type Execute, type Instruction, type ScriptsMachine, wrap} from './machine.ts';
import {BUSY, DATA_IN, DATA_OUT, isInward, MESSAGE_IN, type Phase} from './phases.ts';
import * as r from './registers.ts';

const INDIRECT = 1 << 29;
const TABLE_INDIRECT = 1 << 28;
const COUNT_MASK = 0xffffff;

/** Moves bytes between memory and the bus, in the phase that it names. @see technical manual, "Block Move Instructions" */
export const blockMove: Execute = (machine, instruction) => {
  if (!instruction.isBegun && !begin(machine, instruction)) return 'next';
  const wanted = ((instruction.opcode >>> 24) & 7) as Phase;
  for (;;) {
    const phase = machine.initiator.awaitPhase();
    if (phase === BUSY) return 'wait';
    if (phase === undefined) return 'next';
    if (phase !== wanted) {
      mismatch(machine, wanted);
      return 'next';
    }
    if (moveSome(machine, phase) === 0) return 'next';
  }
};

/** Finds where and how much. False: nothing, which is illegal. */
const begin = ({registers, memory, interrupts}: ScriptsMachine, instruction: Instruction): boolean => {
  const {opcode, operand, at} = instruction;
  let count = opcode & COUNT_MASK;
  let address = operand;
  registers.set('RBC', count);
  if ((opcode & INDIRECT) !== 0) address = memory.readU32(operand);
  else if ((opcode & TABLE_INDIRECT) !== 0) {
    const entry = wrap(registers.get('DSA') + displacement(operand));
    const word = memory.readU32(entry);
    registers.set('ESA', entry);
    registers.set('RBC', word);
    count = word & COUNT_MASK;
    address = memory.readU32(wrap(entry + 4));
  }
  registers.set('IA', at);
  setPlace(registers, count, address);
  instruction.isBegun = count > 0;
  if (count === 0) interrupts.raiseDma(r.DSTAT_IID);
  return count > 0;
};

/** Returns how much is left. */
const moveSome = ({registers, memory, initiator}: ScriptsMachine, phase: Phase): number => {
  const left = registers.get('DBC') & COUNT_MASK;
  const address = registers.get('DNAD');
  const moved = initiator.transfer(left, (bytes) => {
    if (!isInward(phase)) return memory.read(address, bytes);
    memory.write(address, bytes);
    registers.set('SFBR', bytes[0]);
    if (phase === MESSAGE_IN) registers.set('SIDL', bytes[bytes.length - 1]);
  });
  setPlace(registers, left - moved, wrap(address + moved));
  registers.set('CSBC', registers.get('CSBC') + moved);
  return left - moved;
};

/** All registers that say how far a move has got. The FIFO is empty after each: its counter agrees with DBC. */
const setPlace = (registers: ScriptsMachine['registers'], count: number, address: number): void => {
  registers.set('DBC', (registers.get('DBC') & ~COUNT_MASK) | count);
  registers.set('DNAD', address);
  registers.set('RBC', (registers.get('RBC') & ~COUNT_MASK) | count);
  registers.set('UA', address);
  registers.set('DFIFO', count & 0xff);
  registers.set('CTEST5', (registers.get('CTEST5') & ~3) | ((count >>> 8) & 3));
};

/** The target wants something else: SCRIPTS see to it themselves in a data phase if they are told where, else the guest. */
const mismatch = ({registers, interrupts}: ScriptsMachine, wanted: Phase): void => {
  const control = registers.get('CCNTL0');
  const isData = wanted === DATA_IN || wanted === DATA_OUT;
  if (!isData || (control & r.CCNTL0_ENPMJ) === 0) return interrupts.raiseScsi(r.SIST0_MA, 0);
  const byDirection = (control & r.CCNTL0_PMJCTL) !== 0;
  registers.set('DSP', registers.get(byDirection && wanted === DATA_IN ? 'PMJAD2' : 'PMJAD1'));
};
