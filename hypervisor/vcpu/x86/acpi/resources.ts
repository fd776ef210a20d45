import {buffer, dword, word} from './aml.ts';

/** Resource descriptors: what a device or a bus takes up. @see ACPI 6.0, 6.4 */

const END_TAG = [0x79, 0];
const DECODE_16_BITS = 1;
/** Of a bridge's window: it hands the range on, and both ends are fixed. */
const FIXED_WINDOW = 0x0c;
const READ_WRITE = 1;
const ENTIRE_RANGE = 3;
const TYPE_MEMORY = 0;
const TYPE_IO = 1;
const TYPE_BUS = 2;

/** A range of addresses, the end excluded. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

export const ports = (start: number, count: number): number[] => [
  0x47,
  DECODE_16_BITS,
  ...word(start),
  ...word(start),
  1,
  count,
];

/** Edge triggered, active high, as on an ISA bus. */
export const isaIrq = (irq: number): number[] => [0x22, ...word(1 << irq)];

const wordWindow = (type: number, flags: number, {start, end}: Range): number[] => [
  0x88,
  ...word(13),
  type,
  FIXED_WINDOW,
  flags,
  ...word(0),
  ...word(start),
  ...word(end - 1),
  ...word(0),
  ...word(end - start),
];

export const busWindow = (range: Range): number[] => wordWindow(TYPE_BUS, 0, range);
export const portWindow = (range: Range): number[] => wordWindow(TYPE_IO, ENTIRE_RANGE, range);

export const memoryWindow = ({start, end}: Range): number[] => [
  0x87,
  ...word(23),
  TYPE_MEMORY,
  FIXED_WINDOW,
  READ_WRITE,
  ...dword(0),
  ...dword(start),
  ...dword(end - 1),
  ...dword(0),
  ...dword(end - start),
];

/** What a `_CRS` is. */
export const resources = (...descriptors: readonly (readonly number[])[]): number[] =>
  buffer([...descriptors.flat(), ...END_TAG]);
