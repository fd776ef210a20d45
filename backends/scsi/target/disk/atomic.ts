import {gather, slice} from '../../../storage/index.ts';
import {type BlockRange, rangeOf} from '../block/range.ts';
import {readBlocks, writeBlocks} from '../block/storage-steps.ts';
import {be64} from '../bytes.ts';
import {command, type CommandSpec} from '../command.ts';
import {type Answer, invalidField, type Outcome} from '../outcome.ts';
import type {Task} from '../task.ts';
import {expectData, verifyBlocks} from './compare.ts';
import type {DiskUnit} from './disk-unit.ts';
import {settleWrite, writeRangeFault, wrongDataLength} from './write.ts';

/** MAXIMUM COMPARE AND WRITE LENGTH: all that the CDB has room for. */
export const MAX_COMPARE_BLOCKS = 255;

/** Of an ORWRITE: a buffer of so many is made. */
const MAX_OR_BLOCKS = 0x1000;

const FORCE_UNIT_ACCESS = 0x08;

const isForced = (cdb: Uint8Array): boolean => (cdb[1] & FORCE_UNIT_ACCESS) !== 0;

const compareThenWrite = async (unit: DiskUnit, task: Task, range: BlockRange): Promise<Outcome> => {
  const half = range.blocks * unit.blockBytes;
  const difference = await verifyBlocks(unit, task, range, expectData(task.data));
  if (difference !== undefined || task.aborted) return difference ?? 0;
  return (await writeBlocks(unit, range.lba, gather(slice(task.data, half, half)))) ?? 2 * half;
};

const compareAndWrite = (unit: DiskUnit, task: Task): Answer => {
  const {cdb} = task;
  const range = {lba: be64(cdb, 2), blocks: cdb[13]};
  const fault = writeRangeFault(unit, cdb, range);
  if (fault !== undefined) return fault;
  const wanted = 2 * range.blocks * unit.blockBytes;
  if (task.data.lengthBytes !== wanted) return invalidField(13);
  return range.blocks === 0 ? 0 : settleWrite(unit, isForced(cdb), compareThenWrite(unit, task, range));
};

const readOrWrite = async (unit: DiskUnit, task: Task, {lba, blocks}: BlockRange): Promise<Outcome> => {
  const held = await readBlocks(unit, lba, blocks);
  if (!(held instanceof Uint8Array)) return held;
  const sent = gather(slice(task.data, 0, held.length));
  for (let i = 0; i < held.length; i++) held[i] |= sent[i];
  return (await writeBlocks(unit, lba, held)) ?? held.length;
};

const orWrite = (unit: DiskUnit, task: Task): Answer => {
  const range = rangeOf(task.cdb);
  const fault = writeRangeFault(unit, task.cdb, range);
  if (fault !== undefined) return fault;
  if (range.blocks > MAX_OR_BLOCKS) return invalidField(10);
  const wanted = range.blocks * unit.blockBytes;
  if (task.data.lengthBytes < wanted) return wrongDataLength(wanted);
  return range.blocks === 0 ? 0 : settleWrite(unit, isForced(task.cdb), readOrWrite(unit, task, range));
};

const traits = {data: 'out', access: 'write', order: 'alone'} as const;

/** Commands that read and write in one: nothing else may come between. */
export const atomicCommands: readonly CommandSpec<DiskUnit>[] = [
  command('COMPARE AND WRITE', '89 18 ffffffffffffffff 000000 ff 3f 00', traits, compareAndWrite),
  command('ORWRITE (16)', '8b 18 ffffffffffffffff ffffffff 3f 00', traits, orWrite),
];
