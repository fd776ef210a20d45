import {type IoVector, slice} from '../../../storage/index.ts';
import {be24} from '../bytes.ts';
import {command, type CommandSpec} from '../command.ts';
import {after} from '../operate.ts';
import {type Answer, fail, type Failure, invalidField, type Outcome} from '../outcome.ts';
import {
  END_OF_DATA_DETECTED,
  END_OF_MEDIUM_DETECTED,
  END_OF_MEDIUM_OVERFLOW,
  FILEMARK_DETECTED,
  INVALID_FIELD_IN_COMMAND_INFORMATION_UNIT,
  NO_ADDITIONAL_SENSE,
  UNRECOVERED_READ_ERROR,
} from '../sense-codes.ts';
import type {Task} from '../task.ts';
import type {Cartridge} from './cartridge.ts';
import {onTape} from './on-tape.ts';
import type {TapeUnit} from './tape-unit.ts';

const FIXED = 0x01;
const SUPPRESS_INCORRECT_LENGTH = 0x02;
const IMMEDIATE = 0x01;

/** What is not a block at the tape's position; undefined where there is one. Moves behind a filemark. */
const blockFault = (
  tape: TapeUnit,
  {index, count}: Cartridge,
  information: number,
  moved: number,
): Failure | undefined => {
  if (tape.position >= count) return fail(END_OF_DATA_DETECTED, {information}, moved);
  if (index.isFilemark(tape.position)) {
    tape.position++;
    return fail(FILEMARK_DETECTED, {information, filemark: true}, moved);
  }
  if (!index.isBad(tape.position)) return undefined;
  tape.position++;
  return fail(UNRECOVERED_READ_ERROR, {information}, moved);
};

/** One block, of whatever length. @see SSC-4, "READ (6) command", FIXED of zero */
const readVariable = (tape: TapeUnit, task: Task, cartridge: Cartridge, wanted: number): Answer => {
  if (wanted === 0) return 0;
  const fault = blockFault(tape, cartridge, wanted, 0);
  if (fault !== undefined) return fault;
  const found = cartridge.index.dataBytes(tape.position);
  const moved = Math.min(found, wanted);
  const isSuppressed = (task.cdb[1] & SUPPRESS_INCORRECT_LENGTH) !== 0 && (found < wanted || tape.blockBytes === 0);
  const reading = cartridge.read(tape.position, slice(task.data, 0, Math.min(moved, task.data.lengthBytes)));
  tape.position++;
  return after(reading, (result): Outcome => {
    if (result < 0) return fail(UNRECOVERED_READ_ERROR);
    if (found === wanted || isSuppressed) return moved;
    return fail(NO_ADDITIONAL_SENSE, {information: wanted - found, incorrectLength: true}, moved);
  });
};

/** Reads blocks of one length as long as they have it. */
const readFixed = async (tape: TapeUnit, task: Task, cartridge: Cartridge, blocks: number): Promise<Outcome> => {
  const {blockBytes} = tape;
  for (let done = 0; done < blocks && !task.aborted; done++) {
    const fault = blockFault(tape, cartridge, blocks - done, done * blockBytes);
    if (fault !== undefined) return fault;
    const found = cartridge.index.dataBytes(tape.position);
    const moved = Math.min(found, blockBytes);
    const from = done * blockBytes;
    const room = Math.max(0, Math.min(moved, task.data.lengthBytes - from));
    const result = await cartridge.read(tape.position, slice(task.data, from, room));
    tape.position++;
    if (result < 0) return fail(UNRECOVERED_READ_ERROR, {information: blocks - done}, from);
    if (found !== blockBytes) {
      const details = {information: blocks - done, incorrectLength: true};
      return fail(NO_ADDITIONAL_SENSE, details, from + moved);
    }
  }
  return blocks * blockBytes;
};

const read = onTape((tape, task, cartridge) => {
  const {cdb} = task;
  const length = be24(cdb, 2);
  if ((cdb[1] & FIXED) === 0) return readVariable(tape, task, cartridge, length);
  if ((cdb[1] & SUPPRESS_INCORRECT_LENGTH) !== 0) return invalidField(1, 1);
  return tape.blockBytes === 0 ? invalidField(1, 0) : readFixed(tape, task, cartridge, length);
});

/** What a writer is told when it nears the end: all was written, but there is little room left. */
const warned = ({isNearEnd}: Cartridge, written: number): Outcome =>
  isNearEnd ? fail(END_OF_MEDIUM_DETECTED, {information: 0, endOfMedium: true}, written) : written;

const isFull = (unwritten: number, written: number): Failure =>
  fail(END_OF_MEDIUM_OVERFLOW, {information: unwritten, endOfMedium: true}, written);

const writeVariable = (tape: TapeUnit, data: IoVector, cartridge: Cartridge, length: number): Answer => {
  if (length === 0) return 0;
  if (!cartridge.hasRoom(length)) return isFull(length, 0);
  const writing = cartridge.writeBlock(tape.position, data, 0, length);
  tape.position++;
  return writing instanceof Promise ? writing.then(() => warned(cartridge, length)) : warned(cartridge, length);
};

const writeFixed = async (tape: TapeUnit, task: Task, cartridge: Cartridge, blocks: number): Promise<Outcome> => {
  const {blockBytes} = tape;
  for (let done = 0; done < blocks && !task.aborted; done++) {
    if (!cartridge.hasRoom(blockBytes)) return isFull(blocks - done, done * blockBytes);
    await cartridge.writeBlock(tape.position, task.data, done * blockBytes, blockBytes);
    tape.position++;
  }
  return warned(cartridge, blocks * blockBytes);
};

const write = onTape((tape, task, cartridge) => {
  if (tape.writeFault !== undefined) return tape.writeFault;
  const length = be24(task.cdb, 2);
  const isFixed = (task.cdb[1] & FIXED) !== 0;
  if (isFixed && tape.blockBytes === 0) return invalidField(1, 0);
  const wanted = isFixed ? length * tape.blockBytes : length;
  if (task.data.lengthBytes < wanted) return fail(INVALID_FIELD_IN_COMMAND_INFORMATION_UNIT, {}, wanted);
  return isFixed ? writeFixed(tape, task, cartridge, length) : writeVariable(tape, task.data, cartridge, length);
});

/** Without IMMED all that was written is on stable storage when it ends. */
const writeFilemarks = onTape(async (tape, {cdb}, cartridge) => {
  if (tape.writeFault !== undefined) return tape.writeFault;
  const count = be24(cdb, 2);
  for (let done = 0; done < count; done++) {
    if (!cartridge.hasRoom(0)) return isFull(count - done, 0);
    await cartridge.writeFilemark(tape.position);
    tape.position++;
  }
  if ((cdb[1] & IMMEDIATE) === 0) await cartridge.flushed(true);
  return count === 0 ? 0 : warned(cartridge, 0);
});

/** Every one of them moves the tape: nobody else may, whatever the reservation. */
export const transferCommands: readonly CommandSpec<TapeUnit>[] = [
  command('READ (6)', '08 03 ffffff 00', {data: 'in', access: 'write', order: 'alone'}, read),
  command('WRITE (6)', '0a 01 ffffff 00', {data: 'out', access: 'write', order: 'alone'}, write),
  command('WRITE FILEMARKS (6)', '10 01 ffffff 00', {access: 'write', order: 'alone'}, writeFilemarks),
];
