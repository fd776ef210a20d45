import {gather} from '../../../storage/index.ts';
import {type BlockRange, rangeOf} from '../block/range.ts';
import {discardBlocks, writeBlocks} from '../block/storage-steps.ts';
import {command, type CommandSpec} from '../command.ts';
import {type Answer, type Failure, invalidField, type Outcome} from '../outcome.ts';
import type {Task} from '../task.ts';
import type {DiskUnit} from './disk-unit.ts';
import {expectRepeated} from './compare.ts';
import {settleWrite, writeRangeFault, wrongDataLength} from './write.ts';

const UNMAP = 0x08;
const NO_DATA_OUT = 0x01;
const WRITE_SAME_16 = 0x93;
const STEP_BYTES = 1 << 18;

const isUnmap = (cdb: Uint8Array): boolean => (cdb[1] & UNMAP) !== 0;
/** Zeroes are meant. */
const hasNoData = (cdb: Uint8Array): boolean => cdb[0] === WRITE_SAME_16 && (cdb[1] & NO_DATA_OUT) !== 0;

const writeRepeated = async (
  unit: DiskUnit,
  task: Task,
  {lba, blocks}: BlockRange,
  block: Uint8Array,
): Promise<Failure | undefined> => {
  const step = STEP_BYTES / unit.blockBytes;
  const bytes = expectRepeated(block)(0, Math.min(step, blocks) * unit.blockBytes);
  for (let done = 0; done < blocks && !task.aborted; done += step) {
    const part = bytes.subarray(0, Math.min(step, blocks - done) * unit.blockBytes);
    const failure = await writeBlocks(unit, lba + done, part);
    if (failure !== undefined) return failure;
  }
  return undefined;
};

const fill = async (unit: DiskUnit, task: Task, range: BlockRange): Promise<Outcome> => {
  const {lengthBytes} = task.data;
  const failure = isUnmap(task.cdb)
    ? await discardBlocks(unit, range.lba, range.blocks)
    : await writeRepeated(unit, task, range, lengthBytes === 0 ? new Uint8Array(unit.blockBytes) : gather(task.data));
  return failure ?? lengthBytes;
};

/** With UNMAP blocks are unmapped whatever the data are, as Linux's target has it, and read as zeroes. */
const writeSame = (unit: DiskUnit, task: Task): Answer => {
  const {cdb} = task;
  const given = rangeOf(cdb);
  // Zero blocks: all from there on.
  const blocks = given.blocks === 0 ? Math.max(0, unit.blocks - given.lba) : given.blocks;
  const range = {lba: given.lba, blocks};
  const fault = writeRangeFault(unit, cdb, range);
  if (fault !== undefined) return fault;
  if (isUnmap(cdb) && unit.storage.discardGranularity === 0) return invalidField(1, 3);
  const wanted = hasNoData(cdb) ? 0 : unit.blockBytes;
  return task.data.lengthBytes === wanted ? settleWrite(unit, false, fill(unit, task, range)) : wrongDataLength(wanted);
};

const traits = {data: 'out', access: 'write'} as const;

/** ANCHOR is refused: blocks are mapped or they are not. */
export const writeSameCommands: readonly CommandSpec<DiskUnit>[] = [
  command('WRITE SAME (10)', '41 08 ffffffff 3f ffff 00', traits, writeSame),
  command('WRITE SAME (16)', '93 09 ffffffffffffffff ffffffff 3f 00', traits, writeSame),
];
