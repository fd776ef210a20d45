import {be16, put16} from '../bytes.ts';
import {command, type CommandSpec} from '../command.ts';
import {invalidField, type Outcome} from '../outcome.ts';
import type {Task} from '../task.ts';
import type {CdromUnit} from './cdrom-unit.ts';

/** Media events. @see MMC-6, "Media event class" */
export const EVENT_NONE = 0;
export const EVENT_NEW_MEDIA = 2;
export const EVENT_REMOVED = 3;

const POLLED = 0x01;
const MEDIA_CLASS = 4;
const MEDIA_CLASS_BIT = 1 << MEDIA_CLASS;
const NO_EVENT_AVAILABLE = 0x80;
const TRAY_OPEN = 0x01;
const MEDIUM_PRESENT = 0x02;

/** An event is told once, to whoever asks first. */
const getEvents = (unit: CdromUnit, task: Task): Outcome => {
  const {cdb} = task;
  const allocation = be16(cdb, 7);
  if ((cdb[1] & POLLED) === 0) return invalidField(1, 0);
  if ((cdb[4] & MEDIA_CLASS_BIT) === 0) {
    return task.reply(Uint8Array.of(0, 2, NO_EVENT_AVAILABLE, MEDIA_CLASS_BIT), allocation);
  }
  const bytes = Uint8Array.of(0, 0, MEDIA_CLASS, MEDIA_CLASS_BIT, unit.mediaEvent, 0, 0, 0);
  put16(bytes, 0, bytes.length - 2);
  bytes[5] = (unit.isTrayOpen ? TRAY_OPEN : 0) | (unit.hasMedium && !unit.isTrayOpen ? MEDIUM_PRESENT : 0);
  if (allocation > 4) unit.mediaEvent = EVENT_NONE;
  return task.reply(bytes, allocation);
};

/** The door, and nothing else: there is one disc and no changer. */
const mechanismStatus = (unit: CdromUnit, task: Task): Outcome =>
  task.reply(Uint8Array.of(0, unit.isTrayOpen ? 0x10 : 0, 0, 0, 0, 0, 0, 0), be16(task.cdb, 8));

/** @see MMC-6, "GET EVENT STATUS NOTIFICATION command" and "MECHANISM STATUS command" */
export const eventCommands: readonly CommandSpec<CdromUnit>[] = [
  command(
    'GET EVENT STATUS NOTIFICATION',
    '4a 01 0000 ff 0000 ffff 00',
    {data: 'in', access: 'look', order: 'any'},
    getEvents,
  ),
  command('MECHANISM STATUS', 'bd 00 000000000000 ffff 00 00', {data: 'in', access: 'look'}, mechanismStatus),
];
