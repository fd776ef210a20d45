/**
 * The C library's number readers, because xl's rules are theirs: blanks in front, a sign, 0x and 0 prefixes, and the
 * position where reading stopped.
 */

export type CNumber = {
  value: bigint;
  /** Characters consumed; 0 means that there was no number. */
  length: number;
  /** The text exceeded 64 bits and `value` is the limit. */
  overflow: boolean;
};

export type Base = 0 | 8 | 10 | 16;

const DIGITS: Record<Base, RegExp> = {
  0: /^([ \t\n\v\f\r]*)([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)/,
  8: /^([ \t\n\v\f\r]*)([+-]?)([0-7]+)/,
  10: /^([ \t\n\v\f\r]*)([+-]?)([0-9]+)/,
  16: /^([ \t\n\v\f\r]*)([+-]?)((?:0[xX](?=[0-9a-fA-F]))?[0-9a-fA-F]+)/,
};

const U64_MAX = 2n ** 64n - 1n;
const S64_MAX = 2n ** 63n - 1n;
const S64_MIN = -(2n ** 63n);

/** Longest digit run that is converted; anything longer has overflowed 64 bits long ago. */
const DIGITS_MAX = 80;

const NOTHING: CNumber = {value: 0n, length: 0, overflow: false};

type Magnitude = {magnitude: bigint; negative: boolean; length: number};

const read = (text: string, base: Base): Magnitude | undefined => {
  const match = DIGITS[base].exec(text);
  if (match === null) return undefined;
  const [all, , sign, digits] = match as unknown as [string, string, string, string];
  return {magnitude: magnitudeOf(digits, base), negative: sign === '-', length: all.length};
};

const magnitudeOf = (digits: string, base: Base): bigint => {
  const significant = digits.replace(/^0[xX]/, '').replace(/^0+/, '');
  if (significant.length > DIGITS_MAX) return U64_MAX + 1n;
  const radix = base === 0 ? radixOf(digits) : base;
  if (significant === '') return 0n;
  if (radix === 10) return BigInt(significant);
  return BigInt((radix === 16 ? '0x' : '0o') + significant);
};

const radixOf = (digits: string): 8 | 10 | 16 => {
  if (/^0[xX]/.test(digits)) return 16;
  return digits.startsWith('0') ? 8 : 10;
};

/** strtol: a signed 64-bit number. @see C17 7.22.1.4 */
export const strtol = (text: string, base: Base): CNumber => {
  const found = read(text, base);
  if (found === undefined) return NOTHING;
  const value = found.negative ? -found.magnitude : found.magnitude;
  if (value > S64_MAX) return {value: S64_MAX, length: found.length, overflow: true};
  if (value < S64_MIN) return {value: S64_MIN, length: found.length, overflow: true};
  return {value, length: found.length, overflow: false};
};

/** strtoul: an unsigned 64-bit number; a minus sign wraps it. @see C17 7.22.1.4 */
export const strtoul = (text: string, base: Base): CNumber => {
  const found = read(text, base);
  if (found === undefined) return NOTHING;
  if (found.magnitude > U64_MAX) return {value: U64_MAX, length: found.length, overflow: true};
  const value = found.negative ? BigInt.asUintN(64, -found.magnitude) : found.magnitude;
  return {value, length: found.length, overflow: false};
};

/** atoi: a 32-bit number, 0 when there is none. */
export const atoi = (text: string): number => Number(BigInt.asIntN(32, strtol(text, 10).value));
