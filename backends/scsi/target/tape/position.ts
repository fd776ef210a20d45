import {be24, be32, be64, put16, put24, put32, put64} from '../bytes.ts';
import {command, type CommandSpec} from '../command.ts';
import {type Answer, fail, invalidField, type Outcome} from '../outcome.ts';
import {BEGINNING_OF_MEDIUM_DETECTED, END_OF_DATA_DETECTED, FILEMARK_DETECTED} from '../sense-codes.ts';
import type {Task} from '../task.ts';
import type {Cartridge} from './cartridge.ts';
import {onTape} from './on-tape.ts';
import type {TapeUnit} from './tape-unit.ts';

/** What SPACE counts. */
const BLOCKS = 0;
const FILEMARKS = 1;
const END_OF_DATA = 3;

/** Over blocks, up to a filemark. @see SSC-4, "SPACE (6) command" */
const spaceBlocks = (tape: TapeUnit, {index, count}: Cartridge, wanted: number): Outcome => {
  const step = Math.sign(wanted);
  for (let left = Math.abs(wanted); left > 0; left--) {
    const next = step > 0 ? tape.position : tape.position - 1;
    if (next >= count) return fail(END_OF_DATA_DETECTED, {information: left});
    if (next < 0) return fail(BEGINNING_OF_MEDIUM_DETECTED, {information: left, endOfMedium: true});
    tape.position += step;
    if (index.isFilemark(next)) return fail(FILEMARK_DETECTED, {information: left, filemark: true});
  }
  return 0;
};

const spaceFilemarks = (tape: TapeUnit, {index, count}: Cartridge, wanted: number): Outcome => {
  const step = Math.sign(wanted);
  for (let left = Math.abs(wanted); left > 0;) {
    const next = step > 0 ? tape.position : tape.position - 1;
    if (next >= count) return fail(END_OF_DATA_DETECTED, {information: left});
    if (next < 0) return fail(BEGINNING_OF_MEDIUM_DETECTED, {information: left, endOfMedium: true});
    tape.position += step;
    if (index.isFilemark(next)) left--;
  }
  return 0;
};

const space = (tape: TapeUnit, cartridge: Cartridge, code: number, count: number): Outcome => {
  if (code === BLOCKS) return spaceBlocks(tape, cartridge, count);
  if (code === FILEMARKS) return spaceFilemarks(tape, cartridge, count);
  if (code !== END_OF_DATA) return invalidField(1, 3);
  tape.position = cartridge.count;
  return 0;
};

/** Of a field of 24 bits, in two's complement. */
const signed24 = (value: number): number => (value << 8) >> 8;

const signed64 = (bytes: Uint8Array, at: number): number => (be32(bytes, at) | 0) * 2 ** 32 + be32(bytes, at + 4);

/** Goes to an object; beyond the last there is the end of data. */
const locateObject = (tape: TapeUnit, {count}: Cartridge, object: number): Outcome => {
  tape.position = Math.min(object, count);
  return object > count ? fail(END_OF_DATA_DETECTED) : 0;
};

/** DEST_TYPE of LOCATE (16). */
const OBJECT = 0;
const FILE = 1;
const END = 3;

const locate16 = (tape: TapeUnit, {cdb}: Task, cartridge: Cartridge): Outcome => {
  const type = (cdb[1] >>> 3) & 0x07;
  const place = be64(cdb, 4);
  if (type === OBJECT) return locateObject(tape, cartridge, place);
  if (type === FILE) return locateObject(tape, cartridge, cartridge.index.startOfFile(place) ?? cartridge.count + 1);
  return type === END ? locateObject(tape, cartridge, cartridge.count) : invalidField(1, 5);
};

const AT_BEGINNING = 0x80;
const AT_END = 0x40;

const placeFlags = ({position}: TapeUnit, {isNearEnd, count}: Cartridge): number =>
  (position === 0 ? AT_BEGINNING : 0) | (isNearEnd && position === count ? AT_END : 0);

const shortPosition = (tape: TapeUnit, cartridge: Cartridge): Uint8Array => {
  const bytes = new Uint8Array(20);
  bytes[0] = placeFlags(tape, cartridge);
  put32(bytes, 4, tape.position);
  put32(bytes, 8, tape.position);
  put24(bytes, 13, 0);
  put32(bytes, 16, cartridge.bufferedBytes);
  return bytes;
};

const longPosition = (tape: TapeUnit, cartridge: Cartridge): Uint8Array => {
  const bytes = new Uint8Array(32);
  bytes[0] = placeFlags(tape, cartridge);
  put64(bytes, 8, tape.position);
  put64(bytes, 16, cartridge.index.filemarksBefore(tape.position));
  return bytes;
};

const extendedPosition = (tape: TapeUnit, cartridge: Cartridge): Uint8Array => {
  const bytes = new Uint8Array(32);
  bytes[0] = placeFlags(tape, cartridge);
  put16(bytes, 2, bytes.length - 4);
  put64(bytes, 8, tape.position);
  put64(bytes, 16, tape.position);
  put64(bytes, 24, cartridge.bufferedBytes);
  return bytes;
};

/** Addresses of the device's own are the logical ones: Linux's st asks for those. */
const positionForms = [
  ['short form', 0x00, shortPosition, 20],
  ['short form, vendor-specific', 0x01, shortPosition, 20],
  ['long form', 0x06, longPosition, 32],
  ['extended form', 0x08, extendedPosition, 0xffff],
] as const;

const moves = {access: 'write', order: 'alone'} as const;

/** IMMED changes nothing: a tape in a file is wound at once. A tape has one partition. */
export const positionCommands: readonly CommandSpec<TapeUnit>[] = [
  command(
    'REWIND',
    '01 01 000000 00',
    moves,
    onTape(async (tape, _task, cartridge): Promise<Outcome> => {
      await cartridge.flushed(false);
      tape.position = 0;
      return 0;
    }),
  ),
  command(
    'SPACE (6)',
    '11 0f ffffff 00',
    moves,
    onTape((tape, {cdb}, cartridge): Answer => space(tape, cartridge, cdb[1] & 0x0f, signed24(be24(cdb, 2)))),
  ),
  command(
    'SPACE (16)',
    '91 0f 0000 ffffffffffffffff 0000 00 00',
    moves,
    onTape((tape, {cdb}, cartridge): Answer => space(tape, cartridge, cdb[1] & 0x0f, signed64(cdb, 4))),
  ),
  command(
    'LOCATE (10)',
    '2b 05 00 ffffffff 00 00 00',
    moves,
    onTape((tape, {cdb}, cartridge): Answer => locateObject(tape, cartridge, be32(cdb, 3))),
  ),
  command('LOCATE (16)', '92 39 00 00 ffffffffffffffff 00 00 00 00', moves, onTape(locate16)),
  ...positionForms.map(([form, serviceAction, report, allocation]) =>
    command<TapeUnit>(
      `READ POSITION, ${form}`,
      `34 0${serviceAction} 0000000000 ${serviceAction === 0x08 ? 'ffff' : '0000'} 00`,
      {data: 'in', access: 'look', serviceAction},
      onTape((tape, task, cartridge): Answer => {
        const asked = serviceAction === 0x08 ? (task.cdb[7] << 8) | task.cdb[8] : allocation;
        return task.reply(report(tape, cartridge), asked);
      }),
    ),
  ),
];
