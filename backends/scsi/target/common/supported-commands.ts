import {be16, be32, concat, put16, put32} from '../bytes.ts';
import {command, type CommandSpec} from '../command.ts';
import {invalidField, type Outcome} from '../outcome.ts';
import type {Task} from '../task.ts';
import type {LogicalUnit} from '../unit.ts';

const RETURN_TIMEOUTS = 0x80;
const SUPPORTED = 0x03;
const NOT_SUPPORTED = 0x01;

/** No timeouts are known: a descriptor that says so. */
const timeoutsDescriptor = Uint8Array.of(0, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

type Spec = CommandSpec<never>;

/** @see SPC-4, "All_commands parameter data format" */
const allCommands = (unit: LogicalUnit, withTimeouts: boolean): Uint8Array => {
  const descriptors = unit.commands.all.map(({opcode, serviceAction, usage}) => {
    const bytes = new Uint8Array(8);
    bytes[0] = opcode;
    put16(bytes, 2, serviceAction ?? 0);
    bytes[5] = (withTimeouts ? 0x02 : 0) | (serviceAction === undefined ? 0 : 0x01);
    put16(bytes, 6, usage.length);
    return withTimeouts ? concat([bytes, timeoutsDescriptor]) : bytes;
  });
  const body = concat(descriptors);
  const header = new Uint8Array(4);
  put32(header, 0, body.length);
  return concat([header, body]);
};

/** @see SPC-4, "One_command parameter data format" */
const oneCommand = (spec: Spec | undefined, withTimeouts: boolean): Uint8Array => {
  if (spec === undefined) return Uint8Array.of(0, NOT_SUPPORTED, 0, 0);
  const header = Uint8Array.of(0, SUPPORTED | (withTimeouts ? 0x80 : 0), 0, 0);
  put16(header, 2, spec.usage.length);
  return concat([header, spec.usage, ...(withTimeouts ? [timeoutsDescriptor] : [])]);
};

/** REPORTING OPTIONS: how to look for one command. A failure where the question itself is wrong. */
const findOne = (unit: LogicalUnit, option: number, cdb: Uint8Array): Spec | undefined | 'wrong' => {
  const candidates = unit.commands.withOpcode(cdb[3]);
  const hasActions = candidates.some(({serviceAction}) => serviceAction !== undefined);
  if (option === 1) return hasActions ? 'wrong' : candidates[0];
  if (option === 2 && candidates.length > 0 && !hasActions) return 'wrong';
  return candidates.find(({serviceAction}) => (serviceAction ?? 0) === be16(cdb, 4));
};

const reportSupported = (unit: LogicalUnit, task: Task): Outcome => {
  const {cdb} = task;
  const option = cdb[2] & 0x07;
  const withTimeouts = (cdb[2] & RETURN_TIMEOUTS) !== 0;
  const allocation = be32(cdb, 6);
  if (option === 0) return task.reply(allCommands(unit, withTimeouts), allocation);
  if (option > 3) return invalidField(2, 2);
  const found = findOne(unit, option, cdb);
  return found === 'wrong' ? invalidField(2, 2) : task.reply(oneCommand(found, withTimeouts), allocation);
};

/** @see SPC-4, "REPORT SUPPORTED OPERATION CODES command" */
export const supportedCommands: CommandSpec<LogicalUnit> = command(
  'REPORT SUPPORTED OPERATION CODES',
  'a3 0c 87 ff ffff ffffffff 00 00',
  {data: 'in', access: 'look', order: 'any', serviceAction: 0x0c},
  reportSupported,
);
