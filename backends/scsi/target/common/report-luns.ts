import {be32, concat, put16, put32} from '../bytes.ts';
import {command, type CommandSpec} from '../command.ts';
import {invalidField} from '../outcome.ts';
import type {LunInventory} from '../task.ts';
import type {LogicalUnit} from '../unit.ts';

/** SELECT REPORT: all but the well known logical units; those alone; both. There are none of them. */
const WELL_KNOWN_ONLY = 1;
const MAX_SELECT = 2;

/** From here on a LUN needs another form. @see SAM-5, "Flat space addressing method" */
const FLAT_FROM = 256;

const lunBytes = (lun: number): Uint8Array => {
  const bytes = new Uint8Array(8);
  put16(bytes, 0, lun < FLAT_FROM ? lun : 0x4000 | lun);
  return bytes;
};

/** Parameter data of REPORT LUNS. */
export const lunList = ({luns}: LunInventory, select: number): Uint8Array => {
  const list = concat(select === WELL_KNOWN_ONLY ? [] : luns.map(lunBytes));
  const header = new Uint8Array(8);
  put32(header, 0, list.length);
  return concat([header, list]);
};

/** @see SPC-4, "REPORT LUNS command" */
export const reportLunsCommand: CommandSpec<LogicalUnit> = command(
  'REPORT LUNS',
  'a0 00 ff 000000 ffffffff 00 00',
  {data: 'in', access: 'look', order: 'any'},
  (_unit, task) =>
    task.cdb[2] > MAX_SELECT ? invalidField(2) : task.reply(lunList(task.inventory, task.cdb[2]), be32(task.cdb, 6)),
);
