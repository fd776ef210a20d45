import {be16, concat, put16, put32} from '../bytes.ts';
import {command, type CommandSpec} from '../command.ts';
import type {Outcome} from '../outcome.ts';
import type {Task} from '../task.ts';
import type {LogicalUnit} from '../unit.ts';
import {type Reservations, reservationTypes} from './reservations.ts';
import {transportIdOf} from './transport-id.ts';

const keyBytes = (key: bigint): Uint8Array => {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, key);
  return bytes;
};

/** PRGENERATION and the length of what follows. */
const withHeader = (generation: number, body: Uint8Array): Uint8Array => {
  const header = new Uint8Array(8);
  put32(header, 0, generation);
  put32(header, 4, body.length);
  return concat([header, body]);
};

const readKeys = ({keys, generation}: Reservations): Uint8Array =>
  withHeader(generation, concat(Array.from(keys.values(), keyBytes)));

const readReservation = ({reservation, keys, generation}: Reservations): Uint8Array => {
  if (reservation === undefined) return withHeader(generation, new Uint8Array(0));
  const body = new Uint8Array(16);
  // One that all registrants hold is nobody's own.
  body.set(keyBytes(reservation.isHeldByAll ? 0n : (keys.get(reservation.holder) ?? 0n)));
  body[13] = reservation.type;
  return withHeader(generation, body);
};

/** What this implementation can: types and their mask; nothing survives a loss of power. */
const reportCapabilities = (): Uint8Array => {
  const bytes = new Uint8Array(8);
  const mask = [...reservationTypes.keys()].reduce((sum, type) => sum | (1 << type), 0);
  put16(bytes, 0, bytes.length);
  bytes[3] = 0x80; // TMV
  bytes[4] = mask & 0xff;
  bytes[5] = mask >>> 8;
  return bytes;
};

const RELATIVE_TARGET_PORT = 1;

const fullStatusOf = (reservations: Reservations, name: string, key: bigint): Uint8Array => {
  const descriptor = new Uint8Array(24);
  const transportId = transportIdOf(name);
  descriptor.set(keyBytes(key));
  if (reservations.isHolder(name)) {
    descriptor[12] = 0x01;
    descriptor[13] = reservations.reservation?.type ?? 0;
  }
  put16(descriptor, 18, RELATIVE_TARGET_PORT);
  put32(descriptor, 20, transportId.length);
  return concat([descriptor, transportId]);
};

const readFullStatus = (reservations: Reservations): Uint8Array =>
  withHeader(
    reservations.generation,
    concat(Array.from(reservations.keys, ([name, key]) => fullStatusOf(reservations, name, key))),
  );

const reader =
  (read: (reservations: Reservations) => Uint8Array) =>
  ({reservations}: LogicalUnit, task: Task): Outcome =>
    task.reply(read(reservations), be16(task.cdb, 7));

/** @see SPC-4, "PERSISTENT RESERVE IN command" */
export const persistentReserveIn: readonly CommandSpec<LogicalUnit>[] = (
  [
    ['READ KEYS', 0, readKeys],
    ['READ RESERVATION', 1, readReservation],
    ['REPORT CAPABILITIES', 2, reportCapabilities],
    ['READ FULL STATUS', 3, readFullStatus],
  ] as const
).map(([name, serviceAction, read]) =>
  command(
    `PERSISTENT RESERVE IN, ${name}`,
    `5e 0${serviceAction} 0000000000 ffff 00`,
    {data: 'in', access: 'look', order: 'any', serviceAction},
    reader(read),
  ),
);
