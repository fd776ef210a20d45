import {be16} from '../bytes.ts';
import {command, type CommandSpec} from '../command.ts';
import {type Failure, invalidField, invalidParameter, type Outcome} from '../outcome.ts';
import {MODE_PARAMETERS_CHANGED} from '../sense-codes.ts';
import {parameterListLengthError, type Task} from '../task.ts';
import type {LogicalUnit} from '../unit.ts';

const PAGE_FORMAT = 0x10;
const SAVE_PAGES = 0x01;
const SUBPAGE_FORMAT = 0x40;
const PAGE_CODE = 0x3f;

/** The pages of a parameter list, each with where it begins; a failure when one is broken or cannot be set. */
const readPages = ({modes}: LogicalUnit, list: Uint8Array, from: number): Uint8Array[] | Failure => {
  const pages: Uint8Array[] = [];
  for (let at = from; at < list.length;) {
    const end = at + 2 + (list[at + 1] ?? list.length);
    if (end > list.length) return parameterListLengthError;
    const page = list.slice(at, end);
    page[0] &= SUBPAGE_FORMAT | PAGE_CODE; // PS is reserved here.
    const expected = modes.view(page[0], 'current');
    if (expected === undefined) return invalidParameter(at, 5);
    if (expected.length !== page.length) return invalidParameter(at + 1);
    const wrong = modes.fault(page);
    if (wrong !== undefined) return invalidParameter(at + wrong.byte, 31 - Math.clz32(wrong.bits));
    pages.push(page);
    at = end;
  }
  return pages;
};

/** Sets all of a list, or nothing of it. */
const apply = (unit: LogicalUnit, task: Task, list: Uint8Array, headerBytes: number): Outcome => {
  const isLong = headerBytes === 8;
  const descriptorBytes = isLong ? be16(list, 6) : list[3];
  const pagesAt = headerBytes + descriptorBytes;
  if (pagesAt > list.length) return parameterListLengthError;
  const descriptor = list.subarray(headerBytes, pagesAt);
  const pages = readPages(unit, list, pagesAt);
  if (!Array.isArray(pages)) return pages;
  const refused = unit.selectBlockDescriptor(descriptor, list[isLong ? 3 : 2]);
  if (refused !== undefined) return refused;
  const changes = pages.filter((page) => unit.modes.set(page));
  if ((task.cdb[1] & SAVE_PAGES) !== 0) unit.modes.save();
  if (changes.length > 0) unit.attentions.raiseForOthers(MODE_PARAMETERS_CHANGED, task.nexus);
  return list.length;
};

const select = (unit: LogicalUnit, task: Task, headerBytes: number): Outcome => {
  const {cdb} = task;
  const length = headerBytes === 8 ? be16(cdb, 7) : cdb[4];
  if (length === 0) return 0;
  if ((cdb[1] & PAGE_FORMAT) === 0 && length > headerBytes + 16) return invalidField(1, 4);
  const list = length < headerBytes ? undefined : task.parameters(length);
  return list === undefined ? parameterListLengthError : apply(unit, task, list, headerBytes);
};

/** @see SPC-4, "MODE SELECT (6) command" and "(10)" */
export const modeSelectCommands: readonly CommandSpec<LogicalUnit>[] = [
  command('MODE SELECT (6)', '15 11 0000 ff 00', {data: 'out', access: 'write', order: 'alone'}, (unit, task) =>
    select(unit, task, 4),
  ),
  command(
    'MODE SELECT (10)',
    '55 11 0000000000 ffff 00',
    {data: 'out', access: 'write', order: 'alone'},
    (unit, task) => select(unit, task, 8),
  ),
];
