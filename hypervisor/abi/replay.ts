/** Replays files of ring operations against the ring: indexes, notify decisions and page hashes, line by line. */
import {startFlex} from './replay/flex-session.ts';
import {startRing} from './replay/ring-session.ts';
import {LineError} from './replay/session.ts';
import type {Line, Outcome, Session} from './replay/session.ts';

/** The operations that begin a session. */
const STARTS: Readonly<Record<string, (line: Line) => Session>> = {init: startRing, flexinit: startFlex};

export interface Mismatch {
  /** From 1. */
  readonly line: number;
  readonly op: string;
  /** Name of the value in the line. */
  readonly what: string;
  readonly expected: unknown;
  readonly actual: unknown;
}

export interface ReplayResult {
  /** Operations replayed. */
  readonly steps: number;
  /** Lines whose outcome, indexes or hash differ. */
  readonly mismatches: number;
  readonly first?: Mismatch;
  /** The line that ended the replay because it is not of the format: `line 7: unknown op "frob"`. */
  readonly error?: string;
}

const parse = (text: string): Line => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new LineError('not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new LineError('not an object');
  return value as Line;
};

const opOf = (line: Line): string => {
  if (typeof line.op !== 'string') throw new LineError('no "op"');
  return line.op;
};

const ownEntry = <T>(table: Readonly<Record<string, T>>, name: string): T | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;

/** Does what one line says, in the session that it belongs to or begins. */
const step = (session: Session | undefined, line: Line): {session: Session; outcome: Outcome} => {
  const op = opOf(line);
  const start = ownEntry(STARTS, op);
  if (start !== undefined) {
    const started = start(line);
    return {session: started, outcome: started.outcome};
  }
  if (session === undefined) throw new LineError(`"${op}" before any ${Object.keys(STARTS).join(' or ')}`);
  const operation = ownEntry(session.operations, op);
  if (operation === undefined) throw new LineError(`unknown op "${op}"`);
  return {session, outcome: operation(line)};
};

const differs = (a: unknown, b: unknown): boolean => JSON.stringify(a) !== JSON.stringify(b);

/** Compares everything that the line must tell with what happened. */
const compare = (number: number, line: Line, actual: Outcome): Mismatch | undefined => {
  for (const what of Object.keys(actual)) if (!(what in line)) throw new LineError(`no "${what}"`);
  const what = Object.keys(actual).find((name) => differs(line[name], actual[name]));
  if (what === undefined) return undefined;
  return {line: number, op: opOf(line), what, expected: line[what], actual: actual[what]};
};

/**
 * Replays the lines of a vector file (JSON, one operation a line; blank lines are skipped). A line that differs is
 * counted and the replay goes on; a line that is not of the format ends it with `error`. Never throws on bad input.
 */
export const replay = (lines: Iterable<string>): ReplayResult => {
  let session: Session | undefined;
  let first: Mismatch | undefined;
  let number = 0;
  let steps = 0;
  let mismatches = 0;
  const result = (): ReplayResult => ({steps, mismatches, ...(first === undefined ? {} : {first})});
  for (const text of lines) {
    number++;
    if (text.trim() === '') continue;
    try {
      const line = parse(text);
      const {session: now, outcome} = step(session, line);
      session = now;
      const mismatch = compare(number, line, {...outcome, s: now.indexes(), h: now.hash()});
      steps++;
      if (mismatch === undefined) continue;
      mismatches++;
      first ??= mismatch;
    } catch (error) {
      if (!(error instanceof LineError)) throw error;
      return {...result(), error: `line ${number}: ${error.message}`};
    }
  }
  return result();
};
