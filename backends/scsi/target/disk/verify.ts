import {gather, slice} from '../../../storage/index.ts';
import {rangeFault, rangeOf} from '../block/range.ts';
import {command, type CommandSpec} from '../command.ts';
import {type Answer, invalidField, type Outcome} from '../outcome.ts';
import type {Task} from '../task.ts';
import {expectData, expectRepeated, verifyBlocks} from './compare.ts';
import type {DiskUnit} from './disk-unit.ts';
import {settleWrite, writeData, writeRangeFault, wrongDataLength} from './write.ts';

/** BYTCHK: only look whether the blocks can be read; compare them; compare each with the one block that was sent. */
const MEDIUM_ONLY = 0;
const COMPARE_ALL = 1;
const COMPARE_REPEATED = 3;

const byteCheck = (cdb: Uint8Array): number => (cdb[1] >>> 1) & 0x03;

const verifyData = async (unit: DiskUnit, task: Task, check: number): Promise<Outcome> => {
  const range = rangeOf(task.cdb);
  if (range.blocks === 0) return 0;
  if (check === MEDIUM_ONLY) return (await verifyBlocks(unit, task, range)) ?? 0;
  const wanted = unit.blockBytes * (check === COMPARE_ALL ? range.blocks : 1);
  if (task.data.lengthBytes < wanted) return wrongDataLength(wanted);
  const expected = check === COMPARE_ALL ? expectData(task.data) : expectRepeated(gather(slice(task.data, 0, wanted)));
  return (await verifyBlocks(unit, task, range, expected)) ?? wanted;
};

const verify = (unit: DiskUnit, task: Task): Answer => {
  const check = byteCheck(task.cdb);
  const fault = unit.notReady ?? rangeFault(task.cdb, rangeOf(task.cdb), unit.blocks);
  if (fault !== undefined) return fault;
  if (check !== MEDIUM_ONLY && check !== COMPARE_ALL && check !== COMPARE_REPEATED) return invalidField(1, 2);
  return verifyData(unit, task, check);
};

/** Writes, puts it on stable storage, and compares what is there then, whatever BYTCHK says. */
const writeAndVerifyData = async (unit: DiskUnit, task: Task): Promise<Outcome> => {
  const range = rangeOf(task.cdb);
  const written = await settleWrite(unit, true, writeData(unit, task, range));
  if (typeof written !== 'number') return written;
  const blocks = Math.min(range.blocks, task.data.lengthBytes / unit.blockBytes);
  return (
    (await verifyBlocks(unit, task, {lba: range.lba, blocks: Math.floor(blocks)}, expectData(task.data))) ?? written
  );
};

const writeAndVerify = (unit: DiskUnit, task: Task): Answer => {
  const fault = writeRangeFault(unit, task.cdb, rangeOf(task.cdb));
  if (fault !== undefined) return fault;
  return byteCheck(task.cdb) > COMPARE_ALL ? invalidField(1, 2) : writeAndVerifyData(unit, task);
};

const verifyTraits = {data: 'out', access: 'read'} as const;
const writeTraits = {data: 'out', access: 'write'} as const;

export const verifyCommands: readonly CommandSpec<DiskUnit>[] = [
  command('VERIFY (10)', '2f 16 ffffffff 3f ffff 00', verifyTraits, verify),
  command('VERIFY (12)', 'af 16 ffffffff ffffffff 3f 00', verifyTraits, verify),
  command('VERIFY (16)', '8f 16 ffffffffffffffff ffffffff 3f 00', verifyTraits, verify),
  command('WRITE AND VERIFY (10)', '2e 16 ffffffff 3f ffff 00', writeTraits, writeAndVerify),
  command('WRITE AND VERIFY (12)', 'ae 16 ffffffff ffffffff 3f 00', writeTraits, writeAndVerify),
  command('WRITE AND VERIFY (16)', '8e 16 ffffffffffffffff ffffffff 3f 00', writeTraits, writeAndVerify),
];
