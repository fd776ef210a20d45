import {CommandError} from './command.ts';

export interface ParsedOptions {
  /** Flags without a value that were given. */
  flags: ReadonlySet<string>;
  /** Values of options that take one. */
  values: ReadonlyMap<string, string>;
  operands: readonly string[];
}

/**
 * Options in the manner of getopt: letters, those that take a value with a colon behind. Options and operands may be
 * mixed; `--` ends the options. Throws CommandError.
 */
export const parseOptions = (args: readonly string[], spec: string, usageStatus = 1): ParsedOptions => {
  const flags = new Set<string>();
  const values = new Map<string, string>();
  const operands: string[] = [];
  for (let i = 0; i < args.length; i++) {
    if (args[i] === '--') {
      operands.push(...args.slice(i + 1));
      break;
    }
    if (!args[i].startsWith('-') || args[i] === '-') {
      operands.push(args[i]);
      continue;
    }
    for (let at = 1; at < args[i].length; at++) {
      const letter = args[i][at];
      const found = letter === ':' ? -1 : spec.indexOf(letter);
      if (found < 0) throw new CommandError(`invalid option -- '${letter}'`, usageStatus);
      if (spec[found + 1] !== ':') {
        flags.add(letter);
        continue;
      }
      const value = args[i].slice(at + 1) || args[++i];
      if (value === undefined) throw new CommandError(`option requires an argument -- '${letter}'`, usageStatus);
      values.set(letter, value);
      break;
    }
  }
  return {flags, values, operands};
};

/** An option's value as a number from..to; `fallback` when it was not given. Throws CommandError. */
export const numberOption = (
  options: ParsedOptions,
  letter: string,
  {from, to, fallback}: {from: number; to: number; fallback: number},
): number => {
  const text = options.values.get(letter);
  if (text === undefined) return fallback;
  const value = /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
  if (value >= from && value <= to) return value;
  throw new CommandError(`invalid argument: '${text}': out of range: ${from} <= value <= ${to}`);
};
