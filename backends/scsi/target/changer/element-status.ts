import {asciiBytes, be16, be24, concat, put16, put24, putText} from '../bytes.ts';
import {command, type CommandSpec} from '../command.ts';
import {fail, invalidField, type Outcome} from '../outcome.ts';
import {INVALID_ELEMENT_ADDRESS} from '../sense-codes.ts';
import type {Task} from '../task.ts';
import type {ChangerUnit} from './changer-unit.ts';
import {DRIVE, type Element, PORT, STORAGE, TRANSPORT} from './elements.ts';

const VOLUME_TAGS = 0x10;
const DEVICE_IDS = 0x01;
const ALL_TYPES = 0;

/** Flags of an element. */
const FULL = 0x01;
const PUT_BY_OPERATOR = 0x02;
const ACCESSIBLE = 0x08;
const EXPORTS = 0x10;
const IMPORTS = 0x20;

const SOURCE_VALID = 0x80;
const VOLUME_TAG_BYTES = 36;
/** CODE SET of text, and a designator that only its vendor understands. */
const ASCII = 0x02;
const VENDOR_SPECIFIC = 0x00;

interface Options {
  readonly withTags: boolean;
  readonly withIds: boolean;
}

const flagsOf = ({type, volume, source}: Element): number => {
  const full = volume === undefined ? 0 : FULL;
  if (type === TRANSPORT) return full;
  if (type !== PORT) return full | ACCESSIBLE;
  return full | ACCESSIBLE | EXPORTS | IMPORTS | (volume !== undefined && source === undefined ? PUT_BY_OPERATOR : 0);
};

const volumeTag = (label: string | undefined): Uint8Array => {
  const bytes = new Uint8Array(VOLUME_TAG_BYTES);
  if (label !== undefined) putText(bytes, 0, 32, label);
  return bytes;
};

/** The serial number of a drive, by which hosts know which of their tapes it is. */
const deviceId = ({drive}: Element, idBytes: number): Uint8Array => {
  const bytes = new Uint8Array(4 + idBytes);
  if (drive === undefined || idBytes === 0) return bytes;
  bytes.set([ASCII, VENDOR_SPECIFIC, 0, drive.identity.serial.length]);
  bytes.set(asciiBytes(drive.identity.serial), 4);
  return bytes;
};

/** @see SMC-3, "Element descriptor" */
const descriptor = (element: Element, withTags: boolean, idBytes: number): Uint8Array => {
  const bytes = new Uint8Array(12);
  put16(bytes, 0, element.address);
  bytes[2] = flagsOf(element);
  if (element.volume !== undefined && element.source !== undefined) {
    bytes[9] = SOURCE_VALID;
    put16(bytes, 10, element.source);
  }
  return concat([bytes, ...(withTags ? [volumeTag(element.volume?.label)] : []), deviceId(element, idBytes)]);
};

/** Elements of one type. All descriptors of a page have the same length. */
const statusPage = (elements: readonly Element[], {withTags, withIds}: Options): Uint8Array => {
  const ids = withIds ? elements.map(({drive}) => drive?.identity.serial.length ?? 0) : [];
  const descriptors = elements.map((element) => descriptor(element, withTags, Math.max(0, ...ids)));
  const header = new Uint8Array(8);
  header[0] = elements[0].type;
  header[1] = withTags ? 0x80 : 0;
  put16(header, 2, descriptors[0].length);
  const body = concat(descriptors);
  put24(header, 5, body.length);
  return concat([header, body]);
};

const readElementStatus = ({elements}: ChangerUnit, task: Task): Outcome => {
  const {cdb} = task;
  const type = cdb[1] & 0x0f;
  if (type > DRIVE) return invalidField(1, 3);
  const first = be16(cdb, 2);
  const found = elements.all
    .filter((element) => element.address >= first && (type === ALL_TYPES || element.type === type))
    .slice(0, be16(cdb, 4));
  if (found.length === 0 && be16(cdb, 4) > 0) return fail(INVALID_ELEMENT_ADDRESS, {field: {inCdb: true, byte: 2}});
  const options = {withTags: (cdb[1] & VOLUME_TAGS) !== 0, withIds: (cdb[6] & DEVICE_IDS) !== 0};
  const pages = [TRANSPORT, DRIVE, PORT, STORAGE]
    .map((one) => found.filter((element) => element.type === one))
    .filter(({length}) => length > 0)
    .map((some) => statusPage(some, options));
  const header = new Uint8Array(8);
  put16(header, 0, found[0]?.address ?? 0);
  put16(header, 2, found.length);
  const body = concat(pages);
  put24(header, 5, body.length);
  return task.reply(concat([header, body]), be24(cdb, 7));
};

/** The inventory is always known. CURDATA changes nothing, as nothing is moved to find out. */
export const elementStatusCommands: readonly CommandSpec<ChangerUnit>[] = [
  command('INITIALIZE ELEMENT STATUS', '07 00000000 00', {access: 'write', order: 'alone'}, () => 0),
  command(
    'INITIALIZE ELEMENT STATUS WITH RANGE',
    '37 01 ffff 0000 ffff 00 00',
    {access: 'write', order: 'alone'},
    () => 0,
  ),
  command('READ ELEMENT STATUS', 'b8 1f ffff ffff 03 ffffff 00 00', {data: 'in', access: 'look'}, readElementStatus),
];
