import {scatter, slice} from '../../../storage/index.ts';
import {command, type CommandSpec} from '../command.ts';
import {after, operate} from '../operate.ts';
import type {Answer, Outcome} from '../outcome.ts';
import type {Task} from '../task.ts';
import type {BlockUnit} from './block-unit.ts';
import {type BlockRange, rangeFault, rangeOf} from './range.ts';
import {readBlocks, readFailure} from './storage-steps.ts';

/** Fills a buffer that ends in the middle of a block. */
const readPart = async (unit: BlockUnit, task: Task, {lba}: BlockRange, wanted: number): Promise<Outcome> => {
  const found = await readBlocks(unit, lba, Math.ceil(task.data.lengthBytes / unit.blockBytes));
  if (!(found instanceof Uint8Array)) return found;
  scatter(found.subarray(0, task.data.lengthBytes), task.data);
  return wanted;
};

/** Blocks go straight into the initiator's memory; what finds no room there is left out. */
const readRange = (unit: BlockUnit, task: Task, range: BlockRange): Answer => {
  const wanted = range.blocks * unit.blockBytes;
  const room = Math.min(wanted, task.data.lengthBytes);
  if (room === 0) return wanted;
  if (room % unit.blockBytes !== 0) return readPart(unit, task, range, wanted);
  return after(
    operate((completion) => unit.storage.read(slice(task.data, 0, room), range.lba * unit.blockBytes, completion)),
    (result) => (result === room ? wanted : readFailure(range.lba)),
  );
};

const read = (unit: BlockUnit, task: Task): Answer => {
  const range = rangeOf(task.cdb);
  return unit.notReady ?? rangeFault(task.cdb, range, unit.blocks) ?? readRange(unit, task, range);
};

const traits = {data: 'in', access: 'read'} as const;

/** RDPROTECT is refused: there is no protection information. DPO and FUA need nothing more here. */
export const readCommands: readonly CommandSpec<BlockUnit>[] = [
  command('READ (6)', '08 1f ffff ff 00', traits, read),
  command('READ (10)', '28 18 ffffffff 3f ffff 00', traits, read),
  command('READ (12)', 'a8 18 ffffffff ffffffff 3f 00', traits, read),
  command('READ (16)', '88 18 ffffffffffffffff ffffffff 3f 00', traits, read),
];
