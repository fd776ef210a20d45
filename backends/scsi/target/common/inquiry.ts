import {asciiBytes, be16, concat, put16} from '../bytes.ts';
import {command, type CommandSpec} from '../command.ts';
import {invalidField, type Outcome} from '../outcome.ts';
import type {Task} from '../task.ts';
import type {LogicalUnit} from '../unit.ts';
import {deviceIdentification, standardInquiry} from './identity.ts';

/** Contents of a page of vital product data, behind its header. */
export type VpdPage = (unit: LogicalUnit) => Uint8Array;

const SUPPORTED_PAGES = 0x00;

/** Pages that every unit has. */
const commonPages: ReadonlyMap<number, VpdPage> = new Map<number, VpdPage>([
  [0x80, ({identity}) => asciiBytes(identity.serial)],
  [0x83, ({identity}) => deviceIdentification(identity)],
]);

const vpdPage = (unit: LogicalUnit, code: number): Uint8Array | undefined => {
  const pages = new Map([...commonPages, ...unit.vpdPages]);
  if (code === SUPPORTED_PAGES) return Uint8Array.from([SUPPORTED_PAGES, ...pages.keys()].sort((a, b) => a - b));
  return pages.get(code)?.(unit);
};

const inquiry = (unit: LogicalUnit, task: Task): Outcome => {
  const {cdb} = task;
  const allocation = be16(cdb, 3);
  if ((cdb[1] & 0x01) === 0) {
    return cdb[2] === 0 ? task.reply(standardInquiry(unit.identity), allocation) : invalidField(2);
  }
  const body = vpdPage(unit, cdb[2]);
  if (body === undefined) return invalidField(2);
  const header = Uint8Array.of(unit.identity.deviceType, cdb[2], 0, 0);
  put16(header, 2, body.length);
  return task.reply(concat([header, body]), allocation);
};

/** @see SPC-4, "INQUIRY command" */
export const inquiryCommand: CommandSpec<LogicalUnit> = command(
  'INQUIRY',
  '12 01 ff ffff 00',
  {data: 'in', access: 'look', order: 'any'},
  inquiry,
);
