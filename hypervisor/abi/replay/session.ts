/** What all sessions of a vector file have in common, and how they read a line. */

/** One line of a vector file: its members, not yet checked. */
export type Line = Readonly<Record<string, unknown>>;

/** What an operation answers, under the names that the line gives the expected values. */
export type Outcome = Readonly<Record<string, unknown>>;

/** One ring from its `init` or `flexinit` to the next. */
export interface Session {
  /** What beginning it answered. */
  readonly outcome: Outcome;
  /** By the `op` of a line. */
  readonly operations: Readonly<Record<string, (line: Line) => Outcome>>;
  /** The line's `s`. */
  readonly indexes: () => readonly number[];
  /** The line's `h`. */
  readonly hash: () => string;
}

/** The line is not one of the format: told with its number, and the replay ends. */
export class LineError extends Error {}

export const MAX_AREA_BYTES = 2 ** 24;
/** Slots or bytes that one line may ask for. */
const MAX_COUNT = 2 ** 24;

/** A whole number of the line, within bounds. Throws LineError. */
export const integer = (line: Line, name: string, min = 0, max = Number.MAX_SAFE_INTEGER): number => {
  const value = line[name];
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < min || value > max)
    throw new LineError(`"${name}" is not an integer from ${min} to ${max}`);
  return value;
};

/** A ring index. */
export const index = (line: Line, name: string): number => integer(line, name, 0, 0xffffffff);

/** How many slots or bytes the operation is about. */
export const count = (line: Line): number => integer(line, 'n', 0, MAX_COUNT);

/** Vector files spell booleans 0 and 1. */
export const bit = (flag: boolean): number => (flag ? 1 : 0);

/** The first `bytes` bytes of some words. */
export const bytesOf = (words: Uint32Array, bytes = words.byteLength): Uint8Array =>
  new Uint8Array(words.buffer, words.byteOffset, bytes);
