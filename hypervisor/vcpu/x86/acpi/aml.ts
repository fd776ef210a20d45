/** Just enough of the ACPI machine language to say which devices there are. @see ACPI 6.0, chapter 20 */

type Aml = readonly number[];

const NAME_OP = 0x08;
const BUFFER_OP = 0x11;
const PACKAGE_OP = 0x12;
const SCOPE_OP = 0x10;
const DEVICE_OP = [0x5b, 0x82];
const BYTE_PREFIX = 0x0a;
const WORD_PREFIX = 0x0b;
const DWORD_PREFIX = 0x0c;

export const word = (value: number): number[] => [value & 0xff, (value >>> 8) & 0xff];
export const dword = (value: number): number[] => [...word(value), ...word(value >>> 16)];

/** Four characters, filled up with underscores; a backslash in front stays. */
const nameString = (path: string): number[] => {
  const isRoot = path.startsWith('\\');
  const segment = path.slice(isRoot ? 1 : 0).padEnd(4, '_');
  return Array.from((isRoot ? '\\' : '') + segment, (character) => character.charCodeAt(0));
};

/** Length of what follows, itself included: in one byte up to 63, else the low nibble and then bytes. */
const withLength = (content: Aml): number[] => {
  if (content.length + 1 < 0x40) return [content.length + 1, ...content];
  const extraBytes = content.length + 2 < 0x1000 ? 1 : 2;
  const total = content.length + 1 + extraBytes;
  const high = Array.from({length: extraBytes}, (_, i) => (total >>> (4 + 8 * i)) & 0xff);
  return [(extraBytes << 6) | (total & 0xf), ...high, ...content];
};

export const integer = (value: number): number[] => {
  if (value < 2) return [value];
  if (value < 0x100) return [BYTE_PREFIX, value];
  return value < 0x10000 ? [WORD_PREFIX, ...word(value)] : [DWORD_PREFIX, ...dword(value)];
};

export const name = (path: string, value: Aml): number[] => [NAME_OP, ...nameString(path), ...value];

/** Of integers, and of what is AML already. */
export const packageOf = (elements: readonly (number | Aml)[]): number[] => [
  PACKAGE_OP,
  ...withLength([
    elements.length,
    ...elements.flatMap((element) => (typeof element === 'number' ? integer(element) : element)),
  ]),
];

export const buffer = (bytes: Aml): number[] => [BUFFER_OP, ...withLength([...integer(bytes.length), ...bytes])];

export const scope = (path: string, ...terms: Aml[]): number[] => [
  SCOPE_OP,
  ...withLength([...nameString(path), ...terms.flat()]),
];

export const device = (path: string, ...terms: Aml[]): number[] => [
  ...DEVICE_OP,
  ...withLength([...nameString(path), ...terms.flat()]),
];

/** A plug and play id such as PNP0A03, compressed: three letters of 5 bits, four digits, the highest byte first. */
export const eisaId = (id: string): number[] => {
  const letters = Array.from(id.slice(0, 3), (letter) => letter.charCodeAt(0) - 0x40);
  const value = (letters[0] << 26) | (letters[1] << 21) | (letters[2] << 16) | Number.parseInt(id.slice(3), 16);
  return [DWORD_PREFIX, ...dword(value).toReversed()];
};
