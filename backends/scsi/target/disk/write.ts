import {slice} from '../../../storage/index.ts';
import {type BlockRange, rangeFault, rangeOf} from '../block/range.ts';
import {flush, writeFailure} from '../block/storage-steps.ts';
import {command, type CommandSpec} from '../command.ts';
import {after, andThen, operate} from '../operate.ts';
import {type Answer, fail, type Failure} from '../outcome.ts';
import {INVALID_FIELD_IN_COMMAND_INFORMATION_UNIT} from '../sense-codes.ts';
import type {Task} from '../task.ts';
import type {DiskUnit} from './disk-unit.ts';

const FORCE_UNIT_ACCESS = 0x08;

/** Why a range cannot be written now. */
export const writeRangeFault = (unit: DiskUnit, cdb: Uint8Array, range: BlockRange): Failure | undefined =>
  unit.notReady ?? unit.writeFault ?? rangeFault(cdb, range, unit.blocks);

/** The initiator sent another number of bytes than the command takes. */
export const wrongDataLength = (wanted: number): Failure => fail(INVALID_FIELD_IN_COMMAND_INFORMATION_UNIT, {}, wanted);

/**
 * Writes the blocks that were sent, straight from the initiator's memory. Fewer than the command names are written, too;
 * a part of a block is not. @see FCP-4, "FCP_DL field", which iSCSI's residuals follow
 */
export const writeData = (unit: DiskUnit, task: Task, {lba, blocks}: BlockRange): Answer => {
  const wanted = blocks * unit.blockBytes;
  const sent = Math.min(wanted, task.data.lengthBytes);
  if (sent === 0) return wanted;
  if (sent % unit.blockBytes !== 0) return wrongDataLength(wanted);
  return after(
    operate((completion) => unit.storage.write(slice(task.data, 0, sent), lba * unit.blockBytes, completion)),
    (result) => (result === sent ? wanted : writeFailure(result, lba)),
  );
};

/** Flushes behind a write where the initiator wants that, or has switched the cache off. */
export const settleWrite = (unit: DiskUnit, forced: boolean, answer: Answer): Answer =>
  forced || !unit.isCaching ? andThen(answer, (transferBytes) => flush(unit, transferBytes)) : answer;

/** WRITE (6) has a part of the address where the others have FUA. */
const isForced = (cdb: Uint8Array): boolean => cdb[0] !== 0x0a && (cdb[1] & FORCE_UNIT_ACCESS) !== 0;

const write = (unit: DiskUnit, task: Task): Answer => {
  const range = rangeOf(task.cdb);
  const fault = writeRangeFault(unit, task.cdb, range);
  return fault ?? settleWrite(unit, isForced(task.cdb), writeData(unit, task, range));
};

const traits = {data: 'out', access: 'write'} as const;

export const writeCommands: readonly CommandSpec<DiskUnit>[] = [
  command('WRITE (6)', '0a 1f ffff ff 00', traits, write),
  command('WRITE (10)', '2a 18 ffffffff 3f ffff 00', traits, write),
  command('WRITE (12)', 'aa 18 ffffffff ffffffff 3f 00', traits, write),
  command('WRITE (16)', '8a 18 ffffffffffffffff ffffffff 3f 00', traits, write),
];
