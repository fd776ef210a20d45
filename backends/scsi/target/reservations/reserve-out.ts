import {be32} from '../bytes.ts';
import {command, type CommandSpec} from '../command.ts';
import {
  type Answer,
  fail,
  type Failure,
  invalidField,
  invalidParameter,
  type Outcome,
  reservationConflict,
} from '../outcome.ts';
import {
  COMMANDS_CLEARED_BY_ANOTHER_INITIATOR,
  INSUFFICIENT_REGISTRATION_RESOURCES,
  INVALID_RELEASE_OF_PERSISTENT_RESERVATION,
  REGISTRATIONS_PREEMPTED,
  RESERVATIONS_PREEMPTED,
  RESERVATIONS_RELEASED,
} from '../sense-codes.ts';
import {parameterListLengthError, type Task} from '../task.ts';
import type {LogicalUnit} from '../unit.ts';
import {type Reservation, reservationTypes} from './reservations.ts';
import {nameOfTransportId} from './transport-id.ts';

const MAX_REGISTRATIONS = 128;
const BASIC_LIST_BYTES = 24;
const MAX_LIST_BYTES = 512;

/** What a service action is told: by the CDB, and by the parameter list. */
interface Request {
  readonly type: number;
  readonly key: bigint;
  /** SERVICE ACTION RESERVATION KEY */
  readonly actionKey: bigint;
  readonly list: Uint8Array;
}

type Action = (unit: LogicalUnit, task: Task, request: Request) => Answer;

const tellOfRelease = (unit: LogicalUnit, task: Task, ended: Reservation | undefined): void => {
  if (ended?.admitsRegistrants !== true) return;
  const {keys} = unit.reservations;
  unit.attentions.raise(RESERVATIONS_RELEASED, (name) => keys.has(name) && name !== task.nexus.name);
};

const register: Action = (unit, task, {actionKey}) => {
  const {reservations} = unit;
  const {name} = task.nexus;
  if (actionKey === 0n) {
    if (reservations.keys.has(name)) tellOfRelease(unit, task, reservations.unregister(name));
  } else {
    const isFull = !reservations.keys.has(name) && reservations.keys.size >= MAX_REGISTRATIONS;
    if (isFull) return fail(INSUFFICIENT_REGISTRATION_RESOURCES);
    reservations.keys.set(name, actionKey);
  }
  reservations.countChange();
  return 0;
};

const registerChecked: Action = (unit, task, request) => {
  const registered = unit.reservations.keys.get(task.nexus.name) ?? 0n;
  return registered === request.key ? register(unit, task, request) : reservationConflict;
};

const reserve: Action = ({reservations}, {nexus}, {type}) => {
  const {reservation} = reservations;
  if (reservation !== undefined) {
    return reservations.isHolder(nexus.name) && reservation.type === type ? 0 : reservationConflict;
  }
  reservations.reserve(type, nexus.name);
  return 0;
};

const release: Action = (unit, task, {type}) => {
  const {reservations} = unit;
  const {reservation} = reservations;
  if (reservation === undefined || !reservations.isHolder(task.nexus.name)) return 0;
  if (reservation.type !== type) return fail(INVALID_RELEASE_OF_PERSISTENT_RESERVATION);
  reservations.reservation = undefined;
  tellOfRelease(unit, task, reservation);
  return 0;
};

const clear: Action = ({reservations, attentions}, task) => {
  const registered = new Set(reservations.keys.keys());
  reservations.reservation = undefined;
  reservations.keys.clear();
  reservations.countChange();
  attentions.raise(RESERVATIONS_PREEMPTED, (name) => registered.has(name) && name !== task.nexus.name);
  return 0;
};

/**
 * Takes the registrations away that a PREEMPT names, and the reservation if it names that. Returns whom it hit, or why it
 * is refused.
 */
const takeOver = (unit: LogicalUnit, task: Task, {actionKey, type}: Request): Set<string> | Outcome => {
  const {reservations, attentions} = unit;
  const {reservation, keys} = reservations;
  const own = task.nexus.name;
  const takesAll = actionKey === 0n && reservation?.isHeldByAll === true;
  if (actionKey === 0n && !takesAll) return invalidParameter(8);
  const named = [...keys].filter(([, key]) => takesAll || key === actionKey).map(([name]) => name);
  if (named.length === 0) return reservationConflict;
  const takesReservation = reservation?.isHeldByAll === false ? named.includes(reservation.holder) : takesAll;
  const victims = new Set(named.filter((name) => name !== own));
  for (const name of victims) reservations.unregister(name);
  attentions.raise(REGISTRATIONS_PREEMPTED, (name) => victims.has(name));
  if (takesReservation) {
    reservations.reserve(type, own);
    if (reservation?.type !== type) tellOfRelease(unit, task, reservation);
  }
  reservations.countChange();
  return victims;
};

const preempt: Action = (unit, task, request) => {
  const hit = takeOver(unit, task, request);
  return hit instanceof Set ? 0 : hit;
};

const preemptAndAbort: Action = async (unit, task, request) => {
  const hit = takeOver(unit, task, request);
  if (!(hit instanceof Set)) return hit;
  for (const name of hit) unit.prevention.drop(name);
  await unit.tasks.abort(({nexus}) => hit.has(nexus.name));
  unit.attentions.raise(COMMANDS_CLEARED_BY_ANOTHER_INITIATOR, (name) => hit.has(name));
  return 0;
};

/** @see SPC-4, "PERSISTENT RESERVE OUT command with REGISTER AND MOVE service action parameters" */
const registerAndMove: Action = ({reservations}, {nexus}, {actionKey, list}) => {
  const {reservation, keys} = reservations;
  const isOwn = reservation !== undefined && !reservation.isHeldByAll && reservation.holder === nexus.name;
  if (!isOwn) return reservationConflict;
  const target = nameOfTransportId(list.subarray(24));
  if (actionKey === 0n) return invalidParameter(8);
  if (be32(list, 20) !== list.length - 24) return invalidParameter(20);
  if (target === undefined || target === nexus.name) return invalidParameter(24);
  if (!keys.has(target) && keys.size >= MAX_REGISTRATIONS) return fail(INSUFFICIENT_REGISTRATION_RESOURCES);
  keys.set(target, actionKey);
  reservations.reserve(reservation.type, target);
  if ((list[17] & 0x02) !== 0) keys.delete(nexus.name);
  reservations.countChange();
  return 0;
};

/** Which parameter list a service action takes, and the flags in it that are not supported. */
interface ListForm {
  readonly fits: (lengthBytes: number) => boolean;
  readonly flagsAt: number;
  readonly unsupported: number;
}

/** SPEC_I_PT, ALL_TG_PT and APTPL. @see REPORT CAPABILITIES in reserve-in.ts */
const basicList: ListForm = {fits: (length) => length === BASIC_LIST_BYTES, flagsAt: 20, unsupported: 0x0d};
/** APTPL; UNREG is beside it. */
const moveList: ListForm = {
  fits: (length) => length > BASIC_LIST_BYTES && length <= MAX_LIST_BYTES,
  flagsAt: 17,
  unsupported: 0x01,
};

interface ActionTraits {
  readonly run: Action;
  readonly list?: ListForm;
  /** Asked only of initiators that are registered with the key that they give. */
  readonly needsKey?: boolean;
  /** SCOPE and TYPE mean something. */
  readonly hasType?: boolean;
}

const actions: readonly (readonly [name: string, serviceAction: number, traits: ActionTraits])[] = [
  ['REGISTER', 0, {run: registerChecked}],
  ['RESERVE', 1, {run: reserve, needsKey: true, hasType: true}],
  ['RELEASE', 2, {run: release, needsKey: true, hasType: true}],
  ['CLEAR', 3, {run: clear, needsKey: true}],
  ['PREEMPT', 4, {run: preempt, needsKey: true, hasType: true}],
  ['PREEMPT AND ABORT', 5, {run: preemptAndAbort, needsKey: true, hasType: true}],
  ['REGISTER AND IGNORE EXISTING KEY', 6, {run: register}],
  ['REGISTER AND MOVE', 7, {run: registerAndMove, needsKey: true, list: moveList}],
];

/** The scope has to be the logical unit, and the type one that there is. */
const typeFault = (cdb: Uint8Array): Failure | undefined => {
  if (cdb[2] >>> 4 !== 0) return invalidField(2, 7);
  return reservationTypes.has(cdb[2] & 0x0f) ? undefined : invalidField(2, 3);
};

const readRequest = (task: Task, {fits, flagsAt, unsupported}: ListForm): Request | Failure => {
  const length = be32(task.cdb, 5);
  const list = fits(length) ? task.parameters(length) : undefined;
  if (list === undefined) return parameterListLengthError;
  if ((list[flagsAt] & unsupported) !== 0) return invalidParameter(flagsAt);
  const view = new DataView(list.buffer, list.byteOffset, list.length);
  return {type: task.cdb[2] & 0x0f, key: view.getBigUint64(0), actionKey: view.getBigUint64(8), list};
};

const runner =
  ({run, list = basicList, needsKey = false, hasType = false}: ActionTraits) =>
  (unit: LogicalUnit, task: Task): Answer => {
    const fault = hasType ? typeFault(task.cdb) : undefined;
    if (fault !== undefined) return fault;
    const request = readRequest(task, list);
    if ('status' in request) return request;
    const isKnown = !needsKey || unit.reservations.isRegistered(task.nexus, request.key);
    return isKnown ? run(unit, task, request) : reservationConflict;
  };

/** @see SPC-4, "PERSISTENT RESERVE OUT command" */
export const persistentReserveOut: readonly CommandSpec<LogicalUnit>[] = actions.map(([name, serviceAction, traits]) =>
  command(
    `PERSISTENT RESERVE OUT, ${name}`,
    `5f 0${serviceAction} ff 0000 ffffffff 00`,
    {data: 'out', access: 'look', order: 'any', serviceAction},
    runner(traits),
  ),
);
