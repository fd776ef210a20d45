import {gather} from '../../../storage/index.ts';
import {type BlockRange, rangeFault, rangeOf} from '../block/range.ts';
import {discardBlocks, writeBlocks} from '../block/storage-steps.ts';
import {command, type CommandSpec} from '../command.ts';
import {type Answer, type Failure, invalidField} from '../outcome.ts';
import type {Task} from '../task.ts';
import type {DiskUnit} from './disk-unit.ts';
import {expectRepeated} from './compare.ts';
import {settleWrite, wrongDataLength} from './write.ts';

const UNMAP = 0x08;
const NO_DATA_OUT = 0x01;
const WRITE_SAME_16 = 0x93;
const STEP_BYTES = 1 << 18;

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

/** With UNMAP blocks are unmapped whatever the data are, as Linux's target has it, and read as zeroes. */
const writeSame = (unit: DiskUnit, task: Task): Answer => {
  const {cdb} = task;
  const given = rangeOf(cdb);
  // Zero blocks: all from there on.
  const blocks = given.blocks === 0 ? Math.max(0, unit.blocks - given.lba) : given.blocks;
  const range = {lba: given.lba, blocks};
  const fault = unit.notReady ?? unit.writeFault ?? rangeFault(cdb, range, unit.blocks);
  if (fault !== undefined) return fault;
  const isUnmap = (cdb[1] & UNMAP) !== 0;
  if (isUnmap && unit.storage.discardGranularity === 0) return invalidField(1, 3);
  const hasNoData = cdb[0] === WRITE_SAME_16 && (cdb[1] & NO_DATA_OUT) !== 0;
  const wanted = hasNoData ? 0 : unit.blockBytes;
  if (task.data.lengthBytes !== wanted) return wrongDataLength(wanted);
  const block = hasNoData ? new Uint8Array(unit.blockBytes) : gather(task.data);
  const doing = isUnmap ? discardBlocks(unit, range.lba, range.blocks) : writeRepeated(unit, task, range, block);
  return settleWrite(
    unit,
    false,
    doing.then((failure) => failure ?? wanted),
  );
};

const traits = {data: 'out', access: 'write'} as const;

/** ANCHOR is refused: blocks are mapped or they are not. */
export const writeSameCommands: readonly CommandSpec<DiskUnit>[] = [
  command('WRITE SAME (10)', '41 08 ffffffff 3f ffff 00', traits, writeSame),
  command('WRITE SAME (16)', '93 09 ffffffffffffffff ffffffff 3f 00', traits, writeSame),
];
