import {command, type CommandSpec} from '../command.ts';
import {andThen} from '../operate.ts';
import {type Answer, fail, type Outcome, reservationConflict} from '../outcome.ts';
import {MEDIUM_REMOVAL_PREVENTED} from '../sense-codes.ts';
import type {Task} from '../task.ts';
import type {BlockUnit} from './block-unit.ts';
import {flush} from './storage-steps.ts';

const NO_FLUSH = 0x04;
const LOAD_EJECT = 0x02;
const START = 0x01;

const loadOrEject = (unit: BlockUnit, task: Task, isLoad: boolean): Outcome => {
  if (!unit.identity.removable) return 0;
  if (unit.prevention.isPrevented) return fail(MEDIUM_REMOVAL_PREVENTED);
  if (isLoad) unit.load(task.nexus.name);
  else unit.eject();
  return 0;
};

const startOrStop = (unit: BlockUnit, task: Task): Outcome => {
  const flags = task.cdb[4];
  const isStart = (flags & START) !== 0;
  if ((flags & LOAD_EJECT) !== 0) return loadOrEject(unit, task, isStart);
  // A removable medium is started by whoever needs it.
  if (!unit.identity.removable) unit.isStopped = !isStart;
  return 0;
};

/** Power conditions are taken note of, and change nothing. @see SBC-3, "START STOP UNIT command" */
const startStopUnit = (unit: BlockUnit, task: Task): Answer => {
  const flags = task.cdb[4];
  const isStop = (flags & START) === 0;
  // A reservation of somebody else forbids all but a start.
  if (isStop && !unit.reservations.allows('write', task.nexus)) return reservationConflict;
  if (flags >>> 4 !== 0) return 0;
  const needsFlush = isStop && (flags & NO_FLUSH) === 0 && unit.notReady === undefined && !unit.storage.readonly;
  if (!needsFlush) return startOrStop(unit, task);
  return andThen(flush(unit), () => startOrStop(unit, task));
};

export const startStopCommand: CommandSpec<BlockUnit> = command(
  'START STOP UNIT',
  '1b 01 00 0f f7 00',
  {access: 'look', order: 'alone'},
  startStopUnit,
);
