import {command, type CommandSpec} from '../command.ts';
import {invalidField, type Outcome} from '../outcome.ts';
import {persistentReserveIn} from '../reservations/reserve-in.ts';
import {persistentReserveOut} from '../reservations/reserve-out.ts';
import {NO_ADDITIONAL_SENSE} from '../sense-codes.ts';
import {encodeSense} from '../sense.ts';
import type {Task} from '../task.ts';
import type {LogicalUnit} from '../unit.ts';
import {inquiryCommand} from './inquiry.ts';
import {logSenseCommand} from './log-sense.ts';
import {modeSelectCommands} from './mode-select.ts';
import {modeSenseCommands} from './mode-sense.ts';
import {reportLunsCommand} from './report-luns.ts';
import {supportedCommands} from './supported-commands.ts';

/** Reports what a CHECK CONDITION would have: a pending unit attention, or why the unit is not ready. */
const requestSense = (unit: LogicalUnit, task: Task): Outcome => {
  const isDescriptor = (task.cdb[1] & 0x01) !== 0;
  const code = unit.attentions.take(task.nexus) ?? unit.notReady?.code ?? NO_ADDITIONAL_SENSE;
  return task.reply(encodeSense(code, {}, isDescriptor), task.cdb[4]);
};

const preventAllow = (unit: LogicalUnit, {nexus, cdb}: Task): Outcome => {
  const prevent = cdb[4] & 0x03;
  if (prevent > 1) return invalidField(4, 1);
  unit.prevention.set(nexus, prevent === 1);
  return 0;
};

const SELF_TEST = 0x04;

/** The default self-test finds nothing wrong; no other tests and no pages. */
const sendDiagnostic = (_unit: LogicalUnit, {cdb}: Task): Outcome =>
  (cdb[1] & SELF_TEST) === 0 ? invalidField(1, 2) : 0;

/** Commands of every kind of unit. */
export const commonCommands: readonly CommandSpec<LogicalUnit>[] = [
  command('TEST UNIT READY', '00 00000000 00', {access: 'look'}, (unit) => unit.notReady ?? 0),
  command('REQUEST SENSE', '03 01 0000 ff 00', {data: 'in', access: 'look', order: 'any'}, requestSense),
  inquiryCommand,
  ...modeSelectCommands,
  ...modeSenseCommands,
  command('PREVENT ALLOW MEDIUM REMOVAL', '1e 000000 03 00', {access: 'look'}, preventAllow),
  command('SEND DIAGNOSTIC', '1d 04 000000 00', {access: 'write', order: 'alone'}, sendDiagnostic),
  logSenseCommand,
  ...persistentReserveIn,
  ...persistentReserveOut,
  reportLunsCommand,
  supportedCommands,
];
