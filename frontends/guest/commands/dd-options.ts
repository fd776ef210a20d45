import {CommandError} from './command.ts';

export interface DdOptions {
  input: string | undefined;
  output: string | undefined;
  blockBytes: number;
  /** Blocks to copy; Infinity: to the end. */
  count: number;
  skip: number;
  seek: number;
  sync: boolean;
  /** What is left out of the report. */
  status: 'all' | 'noxfer' | 'none';
}

const MAX_BLOCK_BYTES = 64 * 1024 * 1024;

const suffixes: ReadonlyMap<string, number> = new Map([
  ['', 1],
  ['c', 1],
  ['w', 2],
  ['b', 512],
  ...Array.from('KMGTP').flatMap((letter, i): [string, number][] => [
    [letter, 1024 ** (i + 1)],
    [letter.toLowerCase(), 1024 ** (i + 1)],
    [`${letter}iB`, 1024 ** (i + 1)],
    [`${letter}B`, 1000 ** (i + 1)],
    [`${letter.toLowerCase()}B`, 1000 ** (i + 1)],
  ]),
]);

/** "4096", "4k", "1M", "512b", "2x512". Throws CommandError. */
export const parseAmount = (text: string): number => {
  const amount = text.split('x').reduce((product, factor) => {
    const match = /^(\d+)([A-Za-z]*)$/.exec(factor);
    const unit = match === null ? undefined : suffixes.get(match[2]);
    return match === null || unit === undefined ? Number.NaN : product * Number(match[1]) * unit;
  }, 1);
  if (Number.isSafeInteger(amount)) return amount;
  throw new CommandError(`invalid number: '${text}'`);
};

const parseFlags = (key: string, text: string, known: readonly string[]): Set<string> => {
  const flags = new Set(text.split(','));
  for (const flag of flags) if (!known.includes(flag)) throw new CommandError(`invalid ${key}: '${flag}'`);
  return flags;
};

const parseStatus = (text: string): DdOptions['status'] => {
  if (text === 'none' || text === 'noxfer') return text;
  throw new CommandError(`invalid status level: '${text}'`);
};

const setters: ReadonlyMap<string, (options: DdOptions, text: string) => void> = new Map([
  ['if', (options, text) => (options.input = text)],
  ['of', (options, text) => (options.output = text)],
  ['bs', (options, text) => (options.blockBytes = parseAmount(text))],
  ['count', (options, text) => (options.count = parseAmount(text))],
  ['skip', (options, text) => (options.skip = parseAmount(text))],
  ['iseek', (options, text) => (options.skip = parseAmount(text))],
  ['seek', (options, text) => (options.seek = parseAmount(text))],
  ['oseek', (options, text) => (options.seek = parseAmount(text))],
  ['status', (options, text) => (options.status = parseStatus(text))],
  [
    'conv',
    (options, text) => {
      const flags = parseFlags('conversion', text, ['fsync', 'fdatasync', 'notrunc']);
      options.sync = flags.has('fsync') || flags.has('fdatasync');
    },
  ],
  // All transfers go to the device directly: there is no cache to bypass.
  ['iflag', (_options, text) => void parseFlags('input flag', text, ['direct', 'fullblock'])],
  ['oflag', (_options, text) => void parseFlags('output flag', text, ['direct'])],
] as [string, (options: DdOptions, text: string) => void][]);

/** Throws CommandError. */
export const parseDdOptions = (args: readonly string[]): DdOptions => {
  const options: DdOptions = {
    input: undefined,
    output: undefined,
    blockBytes: 512,
    count: Infinity,
    skip: 0,
    seek: 0,
    sync: false,
    status: 'all',
  };
  for (const arg of args) {
    const equals = arg.indexOf('=');
    const set = equals < 0 ? undefined : setters.get(arg.slice(0, equals));
    if (set === undefined) throw new CommandError(`unrecognized operand '${arg}'`);
    set(options, arg.slice(equals + 1));
  }
  const {blockBytes} = options;
  if (blockBytes === 0) throw new CommandError("invalid number: '0'");
  if (blockBytes > MAX_BLOCK_BYTES) {
    throw new CommandError(`memory exhausted by input buffer of size ${blockBytes} bytes`);
  }
  return options;
};
