import {be16, concat, hex, put16, put32} from '../bytes.ts';
import {command, type CommandSpec} from '../command.ts';
import {invalidField, type Outcome} from '../outcome.ts';
import type {Task} from '../task.ts';
import type {CdromUnit} from './cdrom-unit.ts';

const DVD_ROM = 0x0010;
const CD_ROM = 0x0008;

/** RT: all features from one on; of them the current ones; one feature alone. */
const CURRENT_ONLY = 1;
const ONE_ONLY = 2;

type Kind = 'none' | 'cd' | 'dvd';

interface Feature {
  readonly code: number;
  readonly version: number;
  /** Whatever medium is in. */
  readonly persistent: boolean;
  readonly isCurrent: (kind: Kind) => boolean;
  readonly value: (kind: Kind) => Uint8Array;
}

const always = (code: number, version: number, value: string | ((kind: Kind) => Uint8Array)): Feature => ({
  code,
  version,
  persistent: true,
  isCurrent: () => true,
  value: typeof value === 'string' ? () => hex(value) : value,
});

const withMedium = (code: number, version: number, kinds: readonly Kind[], value: string): Feature => ({
  code,
  version,
  persistent: false,
  isCurrent: (kind) => kinds.includes(kind),
  value: () => hex(value),
});

/** Both profiles, each with whether it is current. */
const profiles = (kind: Kind): Uint8Array =>
  hex(`0010 ${kind === 'dvd' ? '01' : '00'} 00 0008 ${kind === 'cd' ? '01' : '00'} 00`);

/** @see MMC-6, "Features and profiles" */
const features: readonly Feature[] = [
  always(0x0000, 0, profiles),
  always(0x0001, 2, '00000001 01000000'), // Core, over SCSI.
  always(0x0002, 1, '02000000'), // Morphing: events are polled.
  always(0x0003, 2, '39000000'), // Removable medium: a tray that ejects, loads and locks.
  withMedium(0x0010, 0, ['cd', 'dvd'], '00000800 0001 00 00'), // Random readable, blocks of 2048 bytes.
  withMedium(0x001e, 2, ['cd'], '00000000'),
  withMedium(0x001f, 1, ['dvd'], '00000000'),
];

const descriptor = ({code, version, persistent, isCurrent, value}: Feature, kind: Kind): Uint8Array => {
  const bytes = value(kind);
  const header = Uint8Array.of(
    0,
    0,
    (version << 2) | (persistent ? 0x02 : 0) | (isCurrent(kind) ? 0x01 : 0),
    bytes.length,
  );
  put16(header, 0, code);
  return concat([header, bytes]);
};

const kindOf = (unit: CdromUnit): Kind => {
  if (unit.notReady !== undefined) return 'none';
  return unit.isDvd ? 'dvd' : 'cd';
};

const profileOf: Readonly<Record<Kind, number>> = {none: 0, cd: CD_ROM, dvd: DVD_ROM};

const getConfiguration = (unit: CdromUnit, task: Task): Outcome => {
  const {cdb} = task;
  const type = cdb[1] & 0x03;
  const first = be16(cdb, 2);
  if (type > ONE_ONLY) return invalidField(1, 1);
  const kind = kindOf(unit);
  const chosen = features
    .filter(({code}) => (type === ONE_ONLY ? code === first : code >= first))
    .filter(({isCurrent}) => type !== CURRENT_ONLY || isCurrent(kind));
  const body = concat(chosen.map((feature) => descriptor(feature, kind)));
  const header = new Uint8Array(8);
  put32(header, 0, body.length + 4);
  put16(header, 6, profileOf[kind]);
  return task.reply(concat([header, body]), be16(cdb, 7));
};

/** @see MMC-6, "GET CONFIGURATION command" */
export const configurationCommand: CommandSpec<CdromUnit> = command(
  'GET CONFIGURATION',
  '46 03 ffff 000000 ffff 00',
  {data: 'in', access: 'look', order: 'any'},
  getConfiguration,
);
