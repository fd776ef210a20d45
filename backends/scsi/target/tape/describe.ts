import {be16, put16, put24, put32, putText} from '../bytes.ts';
import {command, type CommandSpec} from '../command.ts';
import {fail, type Outcome} from '../outcome.ts';
import {MEDIUM_NOT_PRESENT} from '../sense-codes.ts';
import type {Task} from '../task.ts';
import {DENSITY_CODE} from './pages.ts';
import type {TapeUnit} from './tape-unit.ts';

/** Longest block, as long as a CDB can ask for. */
const MAX_BLOCK_BYTES = 0xff_ffff;

const readBlockLimits = (_tape: TapeUnit, task: Task): Outcome => {
  const bytes = new Uint8Array(6);
  put24(bytes, 1, MAX_BLOCK_BYTES);
  put16(bytes, 4, 1);
  return task.reply(bytes, bytes.length);
};

const WRITE_OK_AND_DEFAULT = 0xa0;
const DESCRIPTOR_BYTES = 52;
const OF_MEDIUM = 0x01;

/** The one density there is; of the medium that is in, or of all that the drive takes. @see SSC-4, "REPORT DENSITY SUPPORT command" */
const reportDensity = (tape: TapeUnit, task: Task): Outcome => {
  const isOfMedium = (task.cdb[1] & OF_MEDIUM) !== 0;
  if (isOfMedium && !tape.isLoaded) return fail(MEDIUM_NOT_PRESENT);
  const bytes = new Uint8Array(4 + DESCRIPTOR_BYTES);
  put16(bytes, 0, bytes.length - 2);
  bytes[4] = DENSITY_CODE;
  bytes[5] = DENSITY_CODE;
  bytes[6] = WRITE_OK_AND_DEFAULT;
  put16(bytes, 14, 1); // TRACKS
  put32(bytes, 16, Math.floor((tape.cartridge?.capacityBytes ?? 0) / 1e6));
  putText(bytes, 20, 8, 'PVSIM');
  putText(bytes, 28, 8, 'TAP');
  putText(bytes, 36, 20, 'SIMH magtape file');
  return task.reply(bytes, be16(task.cdb, 7));
};

export const describeCommands: readonly CommandSpec<TapeUnit>[] = [
  command('READ BLOCK LIMITS', '05 00 000000 00', {data: 'in', access: 'look'}, readBlockLimits),
  command('REPORT DENSITY SUPPORT', '44 01 0000000000 ffff 00', {data: 'in', access: 'look'}, reportDensity),
];
