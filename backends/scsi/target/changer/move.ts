import {be16} from '../bytes.ts';
import {command, type CommandSpec} from '../command.ts';
import {fail, type Failure, type Outcome} from '../outcome.ts';
import {
  INVALID_ELEMENT_ADDRESS,
  MEDIUM_DESTINATION_ELEMENT_FULL,
  MEDIUM_REMOVAL_PREVENTED,
  MEDIUM_SOURCE_ELEMENT_EMPTY,
} from '../sense-codes.ts';
import type {Task} from '../task.ts';
import type {ChangerUnit} from './changer-unit.ts';
import {type Element, type Elements, TRANSPORT} from './elements.ts';

const wrongAddress = (byte: number): Failure => fail(INVALID_ELEMENT_ADDRESS, {field: {inCdb: true, byte}});

/** The picker: the one there is, or 0 for the default. */
const transportFault = (elements: Elements, cdb: Uint8Array): Failure | undefined => {
  const address = be16(cdb, 2);
  return address === 0 || address === elements.transport.address ? undefined : wrongAddress(2);
};

/** An element that holds cartridges, named at a byte of the CDB. */
const place = (elements: Elements, cdb: Uint8Array, byte: number): Element | Failure => {
  const element = elements.at(be16(cdb, byte));
  return element === undefined || element.type === TRANSPORT ? wrongAddress(byte) : element;
};

const isFailure = (found: Element | Failure): found is Failure => 'status' in found;

/** Why no cartridge can be taken from there. */
const sourceFault = ({volume, drive}: Element): Failure | undefined => {
  if (volume === undefined) return fail(MEDIUM_SOURCE_ELEMENT_EMPTY);
  return drive?.prevention.isPrevented === true ? fail(MEDIUM_REMOVAL_PREVENTED) : undefined;
};

const move = async (unit: ChangerUnit, {cdb}: Task): Promise<Outcome> => {
  const {elements} = unit;
  const [source, destination] = [place(elements, cdb, 4), place(elements, cdb, 6)];
  const fault = transportFault(elements, cdb);
  if (fault !== undefined) return fault;
  if (isFailure(source)) return source;
  if (isFailure(destination)) return destination;
  const wrong = sourceFault(source);
  if (wrong !== undefined) return wrong;
  if (source === destination) return 0;
  if (destination.volume !== undefined) return fail(MEDIUM_DESTINATION_ELEMENT_FULL);
  await unit.carry(source, destination);
  return 0;
};

/** The cartridge at the first destination goes to the second, and that at the source to the first. */
const exchange = async (unit: ChangerUnit, {cdb}: Task): Promise<Outcome> => {
  const {elements} = unit;
  const [source, first, second] = [4, 6, 8].map((byte) => place(elements, cdb, byte));
  const fault = transportFault(elements, cdb);
  if (fault !== undefined) return fault;
  if (isFailure(source)) return source;
  if (isFailure(first)) return first;
  if (isFailure(second)) return second;
  const wrong = sourceFault(source) ?? sourceFault(first);
  if (wrong !== undefined) return wrong;
  if (first === source || first === second) return wrongAddress(6);
  if (second !== source && second.volume !== undefined) return fail(MEDIUM_DESTINATION_ELEMENT_FULL);
  const {transport} = elements;
  await unit.carry(first, transport);
  await unit.carry(source, first);
  await unit.carry(transport, second);
  return 0;
};

/** There is nothing to be seen of where the picker is. */
const position = ({elements}: ChangerUnit, {cdb}: Task): Outcome => {
  const destination = elements.at(be16(cdb, 4));
  return transportFault(elements, cdb) ?? (destination === undefined ? wrongAddress(4) : 0);
};

const traits = {access: 'write', order: 'alone'} as const;

/** INVERT is refused: cartridges have one side. */
export const moveCommands: readonly CommandSpec<ChangerUnit>[] = [
  command('MOVE MEDIUM', 'a5 00 ffff ffff ffff 0000 00 00', traits, move),
  command('EXCHANGE MEDIUM', 'a6 00 ffff ffff ffff ffff 00 00', traits, exchange),
  command('POSITION TO ELEMENT', '2b 00 ffff ffff 0000 00 00', traits, position),
];
