/** Options as getopt_long(3) describes them. */
export interface OptionSpec {
  /** Letters; one with a colon behind takes an argument. */
  readonly short: string;
  /** Long names and the letters they stand for. */
  readonly long?: Readonly<Record<string, string>>;
}

export interface ParsedOptions {
  /** Letters in order, with their arguments ('' for those that take none). */
  readonly options: readonly {letter: string; value: string}[];
  /** From the first operand on. */
  readonly operands: readonly string[];
  /** The first option that is not known, that lacks its argument, or that has one too many: `x`, or `--name`. */
  readonly bad?: string;
}

/**
 * Options end at the first operand or at `--`. Xl never lets getopt permute: its scan for global options does not, and
 * glibc keeps the mode of the first scan. @see golden/cli/xl-console-args.txt
 */
export const getopt = (args: readonly string[], spec: OptionSpec): ParsedOptions => {
  const options: {letter: string; value: string}[] = [];
  for (let at = 0; at < args.length;) {
    const argument = args[at];
    if (argument === '--') return {options, operands: args.slice(at + 1)};
    if (!argument.startsWith('-') || argument === '-') return {options, operands: args.slice(at)};
    const taken = argument.startsWith('--') ? longOption(args, at, spec) : shortOptions(args, at, spec);
    options.push(...taken.options);
    if (taken.bad !== undefined) return {options, operands: args.slice(at + 1), bad: taken.bad};
    at += taken.words;
  }
  return {options, operands: []};
};

/** What one word of the command line, and maybe the next, held. */
interface Taken {
  readonly options: readonly {letter: string; value: string}[];
  readonly words: number;
  readonly bad?: string;
}

const takesArgument = ({short}: OptionSpec, letter: string): boolean => short.includes(`${letter}:`);

const isKnown = ({short}: OptionSpec, letter: string): boolean => letter !== ':' && short.includes(letter);

/** `-ab`, `-fFILE`, `-f FILE`. */
const shortOptions = (args: readonly string[], at: number, spec: OptionSpec): Taken => {
  const word = args[at];
  const options: {letter: string; value: string}[] = [];
  for (let index = 1; index < word.length; index++) {
    const letter = word[index];
    if (!isKnown(spec, letter)) return {options, words: 1, bad: letter};
    if (!takesArgument(spec, letter)) {
      options.push({letter, value: ''});
      continue;
    }
    const rest = word.slice(index + 1);
    const value = rest === '' ? args[at + 1] : rest;
    if (value === undefined) return {options, words: 1, bad: letter};
    return {options: [...options, {letter, value}], words: rest === '' ? 2 : 1};
  }
  return {options, words: 1};
};

/** `--name`, `--name=VALUE`, `--name VALUE`, and any abbreviation that fits one name only. */
const longOption = (args: readonly string[], at: number, spec: OptionSpec): Taken => {
  const [, name, inline] = /^--([^=]*)(?:=(.*))?$/s.exec(args[at]) ?? [];
  const bad = {options: [], words: 1, bad: `--${name}`};
  const letter = findLong(spec.long ?? {}, name);
  if (letter === undefined) return bad;
  if (!takesArgument(spec, letter)) return inline === undefined ? {options: [{letter, value: ''}], words: 1} : bad;
  const value = inline ?? args[at + 1];
  return value === undefined ? bad : {options: [{letter, value}], words: inline === undefined ? 2 : 1};
};

const findLong = (long: Readonly<Record<string, string>>, name: string): string | undefined => {
  if (Object.hasOwn(long, name)) return long[name];
  const letters = new Set(
    Object.keys(long)
      .filter((full) => full.startsWith(name))
      .map((full) => long[full]),
  );
  return letters.size === 1 ? [...letters][0] : undefined;
};
