import type {DaemonClient} from '../daemon/client.ts';
import {ToolstackError} from '../errors.ts';
import {type CommandSpec, EXIT_FAILURE, EXIT_USAGE, type Options, type Xl} from './command.ts';
import {findCommand} from './command-table.ts';
import {getopt, type ParsedOptions} from './getopt.ts';
import {helpFor, helpForAll, helpForWord} from './help.ts';

/** What xl touches of the world. */
export interface XlWorld extends Pick<Xl, 'cwd' | 'confFile' | 'out' | 'complain'> {
  /** Called once at most. */
  connect(): Promise<DaemonClient>;
}

/** Runs a command line of xl, without the program's name, and returns the exit status. */
export const runXl = async (args: readonly string[], world: XlWorld): Promise<number> => {
  let client: Promise<DaemonClient> | undefined;
  const connect = once(() => (client = world.connect()));
  try {
    return await dispatch(args, {...world, connect});
  } catch (error) {
    return explain(error, world);
  } finally {
    await client?.then((connected) => connected.close()).catch(() => {});
  }
};

const dispatch = async (args: readonly string[], world: XlWorld): Promise<number> => {
  const globals = getopt(args, {short: 'vftTN'});
  if (globals.bad !== undefined) {
    return refuse(world, `xl: invalid option -- '${globals.bad.charAt(0)}'\nunknown global option`);
  }
  const [word, ...rest] = globals.operands;
  if (word === undefined) {
    world.out(helpForAll());
    return EXIT_FAILURE;
  }
  if (word === 'help') {
    world.out(helpForWord(rest[0]));
    return 0;
  }
  const spec = findCommand(word);
  if (spec === undefined) return refuse(world, 'command not implemented');
  const dryRun = count(globals, 'N') > 0;
  if (dryRun && !spec.dryRun) return refuse(world, 'command does not implement -N (dryrun) option');
  const verbosity = count(globals, 'v');
  const client = verbosity === 0 ? () => world.connect() : once(() => followEvents(world, verbosity));
  return runCommand(spec, rest, {...world, dryRun, client, usage: () => usage(spec, world)});
};

/** -v: what happens on the host meanwhile is printed as it happens. */
const followEvents = async (world: XlWorld, level: number): Promise<DaemonClient> => {
  const client = await world.connect();
  client.on('host.event', ({line}) => world.out(`${line}\n`));
  await client.call('host.follow', {level});
  return client;
};

const once = <T>(make: () => T): (() => T) => {
  let made: T | undefined;
  return () => (made ??= make());
};

const refuse = ({complain}: XlWorld, line: string): number => {
  complain(line);
  return EXIT_FAILURE;
};

const usage = (spec: CommandSpec, {out}: XlWorld): number => {
  out(helpFor(spec));
  return EXIT_USAGE;
};

const runCommand = async (spec: CommandSpec, args: readonly string[], xl: Xl): Promise<number> => {
  const parsed = parseArguments(spec, args);
  if (count(parsed, 'h') > 0) {
    xl.out(helpFor(spec));
    return 0;
  }
  if (parsed.bad !== undefined) {
    xl.complain(`option \`${parsed.bad}' not supported.`);
    return EXIT_USAGE;
  }
  const {name, minOperands} = spec;
  if (parsed.operands.length < minOperands) {
    xl.complain(`'xl ${name}' requires at least ${minOperands} argument${minOperands === 1 ? '' : 's'}.\n`);
    return xl.usage();
  }
  if (spec.load === undefined) return explainAbsence(spec, xl);
  const {run} = await spec.load();
  return run(xl, asOptions(parsed), parsed.operands);
};

/** One line for a command that does nothing in a simulator, or that it cannot do. */
const explainAbsence = ({name, warns, refuses}: CommandSpec, xl: Xl): number => {
  if (refuses === undefined) xl.complain(`xl: warning: \`${name}' has no effect: ${warns}`);
  else xl.complain(`xl: \`${name}' is not supported: ${refuses}`);
  return refuses === undefined ? 0 : EXIT_FAILURE;
};

const parseArguments = (spec: CommandSpec, args: readonly string[]): ParsedOptions => {
  const isOperand = (word: string): boolean => !word.startsWith('-') && !word.includes('=');
  let first = 0;
  while (first < (spec.operandsFirst ?? 0) && first < args.length && isOperand(args[first])) first++;
  const parsed = getopt(args.slice(first), spec);
  return {...parsed, operands: [...args.slice(0, first), ...parsed.operands]};
};

const count = ({options}: ParsedOptions, letter: string): number =>
  options.filter((option) => option.letter === letter).length;

const asOptions = (parsed: ParsedOptions): Options => ({
  has: (letter) => count(parsed, letter) > 0,
  count: (letter) => count(parsed, letter),
  value: (letter) => parsed.options.findLast((option) => option.letter === letter)?.value,
  values: (letter) => parsed.options.filter((option) => option.letter === letter).map(({value}) => value),
});

/** Errors of other kinds than these two are faults of ours: their stack is worth printing. */
const explain = (error: unknown, {complain}: XlWorld): number => {
  if (!(error instanceof Error)) throw error;
  // The config module is loaded by few commands: its errors are known by name.
  const expected = error instanceof ToolstackError || error.name === 'ConfigError';
  complain(expected ? error.message : `xl: ${error.stack}`);
  if (error instanceof ToolstackError) return error.exitStatus;
  return 'exitCode' in error && typeof error.exitCode === 'number' ? error.exitCode : EXIT_FAILURE;
};
