import {be16, concat, put16} from '../bytes.ts';
import {command, type CommandSpec} from '../command.ts';
import {invalidField, type Outcome} from '../outcome.ts';
import type {Task} from '../task.ts';
import type {LogicalUnit} from '../unit.ts';
import {type PageControl, pageControls} from './mode-pages.ts';

const ALL_PAGES = 0x3f;
const ALL_SUBPAGES = 0xff;
const DISABLE_BLOCK_DESCRIPTORS = 0x08;
const LONG_LBA_ACCEPTED = 0x10;
const LONG_DESCRIPTOR_BYTES = 16;

/** Header and block descriptor before the pages. @see SPC-4, "Mode parameter header formats" */
const header = (unit: LogicalUnit, isLong: boolean, descriptor: Uint8Array, pageBytes: number): Uint8Array => {
  const bytes = new Uint8Array(isLong ? 8 : 4);
  const total = bytes.length + descriptor.length + pageBytes;
  if (isLong) {
    put16(bytes, 0, total - 2);
    bytes[3] = unit.deviceSpecificParameter;
    bytes[4] = descriptor.length === LONG_DESCRIPTOR_BYTES ? 1 : 0; // LONGLBA
    put16(bytes, 6, descriptor.length);
  } else {
    bytes.set([total - 1, 0, unit.deviceSpecificParameter, descriptor.length]);
  }
  return concat([bytes, descriptor]);
};

const pagesFor = ({modes}: LogicalUnit, code: number, control: PageControl): Uint8Array[] => {
  const codes = code === ALL_PAGES ? modes.codes : [code];
  return codes.map((one) => modes.view(one, control)).filter((page) => page !== undefined);
};

const modeSense = (unit: LogicalUnit, {cdb}: Task, isLong: boolean): Uint8Array | Outcome => {
  const code = cdb[2] & 0x3f;
  const subpage = cdb[3];
  if (subpage !== 0 && subpage !== ALL_SUBPAGES) return invalidField(3);
  const pages = pagesFor(unit, code, pageControls[cdb[2] >>> 6]);
  if (pages.length === 0 && !(code === 0 && unit.hasPageZero)) return invalidField(2, 5);
  const isShort = (cdb[1] & DISABLE_BLOCK_DESCRIPTORS) !== 0;
  const acceptsLong = isLong && (cdb[1] & LONG_LBA_ACCEPTED) !== 0;
  const descriptor = isShort ? new Uint8Array(0) : unit.blockDescriptor(acceptsLong);
  const body = concat(pages);
  return concat([header(unit, isLong, descriptor, body.length), body]);
};

const send = (unit: LogicalUnit, task: Task, isLong: boolean): Outcome => {
  const found = modeSense(unit, task, isLong);
  if (!(found instanceof Uint8Array)) return found;
  return task.reply(found, isLong ? be16(task.cdb, 7) : task.cdb[4]);
};

/** @see SPC-4, "MODE SENSE (6) command" and "(10)" */
export const modeSenseCommands: readonly CommandSpec<LogicalUnit>[] = [
  command('MODE SENSE (6)', '1a 08 ff ff ff 00', {data: 'in', access: 'read'}, (unit, task) => send(unit, task, false)),
  command('MODE SENSE (10)', '5a 18 ff ff 000000 ffff 00', {data: 'in', access: 'read'}, (unit, task) =>
    send(unit, task, true),
  ),
];
