import {be16, be32, put16, put32} from '../bytes.ts';
import {command, type CommandSpec} from '../command.ts';
import {fail, invalidField, type Outcome} from '../outcome.ts';
import {LBA_OUT_OF_RANGE} from '../sense-codes.ts';
import type {Task} from '../task.ts';
import type {CdromUnit} from './cdrom-unit.ts';

/** The last session is complete, and the disc is finalized. */
const COMPLETE = 0x0e;
const UNRESTRICTED_USE = 0x20;
const NO_ADDRESS = 0xffff_ffff;

/** @see MMC-6, "Standard Disc Information" */
const readDiscInformation = (unit: CdromUnit, task: Task): Outcome => {
  const {cdb} = task;
  if (unit.notReady !== undefined) return unit.notReady;
  if ((cdb[1] & 0x07) !== 0) return invalidField(1, 2);
  const bytes = new Uint8Array(34);
  put16(bytes, 0, bytes.length - 2);
  bytes.set([COMPLETE, 1, 1, 1, 1, UNRESTRICTED_USE], 2);
  put32(bytes, 16, NO_ADDRESS);
  put32(bytes, 20, NO_ADDRESS);
  return task.reply(bytes, be16(cdb, 7));
};

/** How READ TRACK INFORMATION names the track. */
const BY_ADDRESS = 0;
const MAX_NAMING = 2;

/** There is one track, in one session. @see MMC-6, "Track Information Block" */
const readTrackInformation = (unit: CdromUnit, task: Task): Outcome => {
  const {cdb} = task;
  if (unit.notReady !== undefined) return unit.notReady;
  const naming = cdb[1] & 0x03;
  const place = be32(cdb, 2);
  if (naming > MAX_NAMING) return invalidField(1, 1);
  if (naming === BY_ADDRESS && place >= unit.blocks) return fail(LBA_OUT_OF_RANGE);
  if (naming !== BY_ADDRESS && place !== 1) return invalidField(2);
  const bytes = new Uint8Array(36);
  put16(bytes, 0, bytes.length - 2);
  bytes.set([1, 1, 0, 0x04, 0x01], 2); // A track of data, in data mode 1.
  put32(bytes, 24, unit.blocks);
  return task.reply(bytes, be16(cdb, 7));
};

export const discCommands: readonly CommandSpec<CdromUnit>[] = [
  command('READ DISC INFORMATION', '51 07 0000000000 ffff 00', {data: 'in', access: 'read'}, readDiscInformation),
  command('READ TRACK INFORMATION', '52 03 ffffffff 00 ffff 00', {data: 'in', access: 'read'}, readTrackInformation),
];
