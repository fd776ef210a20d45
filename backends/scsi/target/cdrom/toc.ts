import {be16, concat, put16, put32} from '../bytes.ts';
import {command, type CommandSpec} from '../command.ts';
import {invalidField, type Outcome} from '../outcome.ts';
import type {Task} from '../task.ts';
import type {CdromUnit} from './cdrom-unit.ts';

const MSF = 0x02;
const LEAD_OUT = 0xaa;
/** ADR 1: Q sub-channel mode 1; CONTROL 4: a track of data, recorded without interruption. */
const DATA_TRACK = 0x14;
const FRAMES = 75;
/** Two seconds before the first block. */
const PREGAP_BLOCKS = 150;

/** Minute, second and frame of a block. */
const msfOf = (lba: number): Uint8Array => {
  const frames = lba + PREGAP_BLOCKS;
  return Uint8Array.of(Math.floor(frames / (60 * FRAMES)), Math.floor(frames / FRAMES) % 60, frames % FRAMES);
};

const addressBytes = (lba: number, isMsf: boolean): Uint8Array => {
  const bytes = new Uint8Array(4);
  if (isMsf) bytes.set(msfOf(lba), 1);
  else put32(bytes, 0, lba);
  return bytes;
};

/** The length of what follows, and the first and the last track (or session). */
const withHeader = (body: Uint8Array): Uint8Array => {
  const header = Uint8Array.of(0, 0, 1, 1);
  put16(header, 0, body.length + 2);
  return concat([header, body]);
};

const track = (number: number, lba: number, isMsf: boolean): Uint8Array =>
  concat([Uint8Array.of(0, DATA_TRACK, number, 0), addressBytes(lba, isMsf)]);

type Format = (unit: CdromUnit, isMsf: boolean, first: number) => Uint8Array | undefined;

/** The track, and the lead-out as one more; from the track on that is asked for. */
const formatted: Format = ({blocks}, isMsf, first) => {
  if (first > 1 && first !== LEAD_OUT) return undefined;
  const leadOut = track(LEAD_OUT, blocks, isMsf);
  return withHeader(first === LEAD_OUT ? leadOut : concat([track(1, 0, isMsf), leadOut]));
};

const sessions: Format = (_unit, isMsf) => withHeader(track(1, 0, isMsf));

/** As it is recorded in the lead-in: first track, last track, lead-out, and the track. */
const raw: Format = ({blocks}) => {
  const entry = (point: number, place: Uint8Array): Uint8Array =>
    concat([Uint8Array.of(1, DATA_TRACK, 0, point, 0, 0, 0, 0), place]);
  return withHeader(
    concat([
      entry(0xa0, Uint8Array.of(1, 0, 0)),
      entry(0xa1, Uint8Array.of(1, 0, 0)),
      entry(0xa2, msfOf(blocks)),
      entry(1, msfOf(0)),
    ]),
  );
};

const formats: readonly Format[] = [formatted, sessions, raw];

const readToc = (unit: CdromUnit, task: Task): Outcome => {
  const {cdb} = task;
  if (unit.notReady !== undefined) return unit.notReady;
  const format = formats[cdb[2] & 0x0f];
  if (format === undefined) return invalidField(2, 3);
  const toc = format(unit, (cdb[1] & MSF) !== 0, cdb[6]);
  return toc === undefined ? invalidField(6) : task.reply(toc, be16(cdb, 7));
};

/** @see MMC-6, "READ TOC/PMA/ATIP command" */
export const tocCommand: CommandSpec<CdromUnit> = command(
  'READ TOC/PMA/ATIP',
  '43 02 0f 000000 ff ffff 00',
  {data: 'in', access: 'read'},
  readToc,
);
