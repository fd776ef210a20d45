import {discardBlocks} from '../block/storage-steps.ts';
import type {BlockRange} from '../block/range.ts';
import {be16, be32, be64, put32, put64} from '../bytes.ts';
import {command, type CommandSpec} from '../command.ts';
import {type Answer, fail, type Failure, invalidParameter, type Outcome} from '../outcome.ts';
import {INVALID_COMMAND_OPERATION_CODE, LBA_OUT_OF_RANGE} from '../sense-codes.ts';
import {parameterListLengthError, type Task} from '../task.ts';
import type {DiskUnit} from './disk-unit.ts';
import {settleWrite} from './write.ts';

/** MAXIMUM UNMAP LBA COUNT and MAXIMUM UNMAP BLOCK DESCRIPTOR COUNT, in all of a command. */
export const MAX_UNMAP_BLOCKS = 0x10_0000;
export const MAX_UNMAP_DESCRIPTORS = 256;

const HEADER_BYTES = 8;
const DESCRIPTOR_BYTES = 16;

/** What an UNMAP parameter list names: all of it can be unmapped, or nothing is. */
const readRanges = (list: Uint8Array, unit: DiskUnit): BlockRange[] | Failure => {
  const count = Math.floor(Math.min(be16(list, 2), list.length - HEADER_BYTES) / DESCRIPTOR_BYTES);
  if (count > MAX_UNMAP_DESCRIPTORS) return invalidParameter(2);
  const ranges: BlockRange[] = [];
  let total = 0;
  for (let at = HEADER_BYTES; ranges.length < count; at += DESCRIPTOR_BYTES) {
    const range = {lba: be64(list, at), blocks: be32(list, at + 8)};
    if (range.lba + range.blocks > unit.blocks) return fail(LBA_OUT_OF_RANGE, {field: {inCdb: false, byte: at}});
    total += range.blocks;
    if (total > MAX_UNMAP_BLOCKS) return invalidParameter(at + 8);
    ranges.push(range);
  }
  return ranges;
};

const unmapRanges = async (
  unit: DiskUnit,
  task: Task,
  ranges: readonly BlockRange[],
  sent: number,
): Promise<Outcome> => {
  for (const {lba, blocks} of ranges) {
    const failure = task.aborted ? undefined : await discardBlocks(unit, lba, blocks);
    if (failure !== undefined) return failure;
  }
  return sent;
};

const unmap = (unit: DiskUnit, task: Task): Answer => {
  const fault = unit.notReady ?? unit.writeFault;
  if (fault !== undefined) return fault;
  if (unit.storage.discardGranularity === 0) return fail(INVALID_COMMAND_OPERATION_CODE);
  const length = be16(task.cdb, 7);
  if (length === 0) return 0;
  const list = length < HEADER_BYTES ? undefined : task.parameters(length);
  if (list === undefined) return parameterListLengthError;
  const ranges = readRanges(list, unit);
  return Array.isArray(ranges) ? settleWrite(unit, false, unmapRanges(unit, task, ranges, length)) : ranges;
};

const U32_MAX = 0xffff_ffff;

/** A storage does not tell what it has allocated: all blocks are mapped, or nobody knows. */
const getLbaStatus = (unit: DiskUnit, task: Task): Outcome => {
  if (unit.notReady !== undefined) return unit.notReady;
  const lba = be64(task.cdb, 2);
  if (lba >= unit.blocks) return fail(LBA_OUT_OF_RANGE, {field: {inCdb: true, byte: 2}});
  const bytes = new Uint8Array(24);
  put32(bytes, 0, bytes.length - 4);
  put64(bytes, 8, lba);
  put32(bytes, 16, Math.min(unit.blocks - lba, U32_MAX));
  return task.reply(bytes, be32(task.cdb, 10));
};

/** @see SBC-3, "UNMAP command" and "GET LBA STATUS command" */
export const provisioningCommands: readonly CommandSpec<DiskUnit>[] = [
  command('UNMAP', '42 00 00000000 3f ffff 00', {data: 'out', access: 'write'}, unmap),
  command(
    'GET LBA STATUS',
    '9e 12 ffffffffffffffff ffffffff 00 00',
    {data: 'in', access: 'read', serviceAction: 0x12},
    getLbaStatus,
  ),
];
