import {rangeFault, rangeOf} from '../block/range.ts';
import {flush} from '../block/storage-steps.ts';
import {command, type CommandSpec} from '../command.ts';
import {type Answer, fail, type Outcome, reservationConflict} from '../outcome.ts';
import {MEDIUM_REMOVAL_PREVENTED} from '../sense-codes.ts';
import type {Task} from '../task.ts';
import type {DiskUnit} from './disk-unit.ts';

/** All of the cache is flushed, whatever range is named; with IMMED, too, the status waits for that. */
const synchronizeCache = (unit: DiskUnit, task: Task): Answer =>
  unit.notReady ?? rangeFault(task.cdb, {...rangeOf(task.cdb), blocks: 0}, unit.blocks) ?? flush(unit);

/** Whatever is read is in the page cache sooner than a guest could ask for it. */
const preFetch = (unit: DiskUnit, task: Task): Outcome =>
  unit.notReady ?? rangeFault(task.cdb, rangeOf(task.cdb), unit.blocks) ?? 0;

const NO_FLUSH = 0x04;
const LOAD_EJECT = 0x02;
const START = 0x01;

const loadOrEject = (unit: DiskUnit, task: Task, isLoad: boolean): Outcome => {
  if (!unit.identity.removable) return 0;
  if (unit.prevention.isPrevented) return fail(MEDIUM_REMOVAL_PREVENTED);
  if (isLoad) unit.load(task.nexus.name);
  else unit.place = 'tray open';
  return 0;
};

const startOrStop = (unit: DiskUnit, task: Task): Outcome => {
  const flags = task.cdb[4];
  const isStart = (flags & START) !== 0;
  if ((flags & LOAD_EJECT) !== 0) return loadOrEject(unit, task, isStart);
  // A removable medium is started by whoever needs it.
  if (!unit.identity.removable) unit.isStopped = !isStart;
  return 0;
};

/** Power conditions are taken note of, and change nothing. @see SBC-3, "START STOP UNIT command" */
const startStopUnit = (unit: DiskUnit, task: Task): Answer => {
  const flags = task.cdb[4];
  const isStop = (flags & START) === 0;
  // A reservation of somebody else forbids all but a start.
  if (isStop && !unit.reservations.allows('write', task.nexus)) return reservationConflict;
  if (flags >>> 4 !== 0) return 0;
  if (!isStop || (flags & NO_FLUSH) !== 0 || unit.notReady !== undefined) return startOrStop(unit, task);
  const flushed = flush(unit);
  return flushed instanceof Promise ? flushed.then(() => startOrStop(unit, task)) : startOrStop(unit, task);
};

export const maintenanceCommands: readonly CommandSpec<DiskUnit>[] = [
  command('START STOP UNIT', '1b 01 00 0f f7 00', {access: 'look', order: 'alone'}, startStopUnit),
  command('PRE-FETCH (10)', '34 02 ffffffff 3f ffff 00', {access: 'read'}, preFetch),
  command('PRE-FETCH (16)', '90 02 ffffffffffffffff ffffffff 3f 00', {access: 'read'}, preFetch),
  command('SYNCHRONIZE CACHE (10)', '35 06 ffffffff 3f ffff 00', {access: 'write'}, synchronizeCache),
  command('SYNCHRONIZE CACHE (16)', '91 06 ffffffffffffffff ffffffff 3f 00', {access: 'write'}, synchronizeCache),
];
