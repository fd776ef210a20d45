import {be16, concat, put16} from '../bytes.ts';
import {command, type CommandSpec} from '../command.ts';
import {invalidField, type Outcome} from '../outcome.ts';
import type {Task} from '../task.ts';
import type {LogicalUnit} from '../unit.ts';

/** A parameter of a log page. */
export interface LogParameter {
  readonly code: number;
  /** FORMAT AND LINKING among others. */
  readonly control: number;
  readonly value: Uint8Array;
}

/** Parameters of a log page, in the order of their codes. */
export type LogPage = (unit: LogicalUnit) => readonly LogParameter[];

const SUPPORTED_PAGES = 0x00;

/** Binary, and not to be saved. */
export const BINARY_LIST = 0x03;

/** No exception has been found. @see SPC-4, "Informational Exceptions log page" */
export const informationalExceptionsLog: LogPage = () => [{code: 0, control: BINARY_LIST, value: new Uint8Array(4)}];

const parameterBytes = ({code, control, value}: LogParameter): Uint8Array => {
  const header = Uint8Array.of(0, 0, control, value.length);
  put16(header, 0, code);
  return concat([header, value]);
};

const logSense = (unit: LogicalUnit, task: Task): Outcome => {
  const {cdb} = task;
  const page = cdb[2] & 0x3f;
  const first = be16(cdb, 5);
  if (cdb[3] !== 0) return invalidField(3);
  const read = unit.logPages.get(page);
  if (read === undefined && page !== SUPPORTED_PAGES) return invalidField(2, 5);
  const parameters = read?.(unit) ?? [];
  if (first > 0 && !parameters.some(({code}) => code >= first)) return invalidField(5);
  const body =
    read === undefined
      ? Uint8Array.from([SUPPORTED_PAGES, ...unit.logPages.keys()].sort((a, b) => a - b))
      : concat(parameters.filter(({code}) => code >= first).map(parameterBytes));
  const header = Uint8Array.of(page, 0, 0, 0);
  put16(header, 2, body.length);
  return task.reply(concat([header, body]), be16(cdb, 7));
};

/** @see SPC-4, "LOG SENSE command" */
export const logSenseCommand: CommandSpec<LogicalUnit> = command(
  'LOG SENSE',
  '4d 00 ff ff 00 ffff ffff 00',
  {data: 'in', access: 'look', order: 'any'},
  logSense,
);
