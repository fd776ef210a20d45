#!/usr/bin/env node
import {endWhenOutputBreaks} from '../broken-output.ts';
import {type DaemonClient, connectTo} from '../daemon/client.ts';
import {findHome} from '../daemon/home.ts';
import {ToolstackError} from '../errors.ts';
import {type CommandSpec, EXIT_FAILURE, EXIT_USAGE, type Options, type Xl} from './command.ts';
import {findCommand, findCommandName} from './command-table.ts';
import {getopt, type ParsedOptions} from './getopt.ts';
import {helpFor, helpForAll, helpForWord} from './help.ts';

let connected: DaemonClient | undefined;

const connectHost = async (): Promise<DaemonClient> => {
  const home = findHome();
  return (await connectTo(home)) ?? (await import('../daemon/start.ts')).connectOrStart(home);
};

const complain = (lines: string): void => void process.stderr.write(`${lines}\n`);
const out = (text: string): void => void process.stdout.write(text);

const count = ({options}: ParsedOptions, letter: string): number =>
  options.filter((option) => option.letter === letter).length;

const asOptions = (parsed: ParsedOptions): Options => ({
  has: (letter) => count(parsed, letter) > 0,
  count: (letter) => count(parsed, letter),
  value: (letter) => parsed.options.findLast((option) => option.letter === letter)?.value,
});

const main = async (args: readonly string[]): Promise<number> => {
  const globals = getopt(args, {short: 'vftTN'});
  if (globals.bad !== undefined) {
    complain(`xl: invalid option -- '${globals.bad.charAt(0)}'\nunknown global option`);
    return EXIT_FAILURE;
  }
  const [word, ...rest] = globals.operands;
  if (word === undefined) {
    out(helpForAll());
    return EXIT_FAILURE;
  }
  if (word === 'help') {
    out(helpForWord(rest[0]));
    return 0;
  }
  const name = findCommandName(word);
  if (name === undefined) return refuse('command not implemented');
  const spec = findCommand(name);
  if (spec === undefined) return refuse(`xl: \`${name}' is not supported by pvsim yet`);
  const dryRun = count(globals, 'N') > 0;
  if (dryRun && !spec.dryRun) return refuse('command does not implement -N (dryrun) option');
  return runCommand(spec, rest, {
    dryRun,
    verbosity: count(globals, 'v'),
    client,
    usage: () => usage(spec),
    out,
    complain,
  });
};

const refuse = (line: string): number => {
  complain(line);
  return EXIT_FAILURE;
};

const client = async (): Promise<DaemonClient> => (connected ??= await connectHost());

const usage = (spec: CommandSpec): number => {
  out(helpFor(spec));
  return EXIT_USAGE;
};

const runCommand = async (spec: CommandSpec, args: readonly string[], xl: Xl): Promise<number> => {
  const parsed = parseArguments(spec, args);
  if (parsed.options.some(({letter}) => letter === 'h')) {
    out(helpFor(spec));
    return 0;
  }
  if (parsed.bad !== undefined) {
    complain(`option \`${parsed.bad}' not supported.`);
    return EXIT_USAGE;
  }
  if (parsed.operands.length < spec.minOperands) {
    const arguments_ = spec.minOperands === 1 ? 'argument' : 'arguments';
    complain(`'xl ${spec.name}' requires at least ${spec.minOperands} ${arguments_}.\n`);
    return xl.usage();
  }
  const {run} = await spec.load();
  return run(xl, asOptions(parsed), parsed.operands);
};

const parseArguments = (spec: CommandSpec, args: readonly string[]): ParsedOptions => {
  const [first] = args;
  if (!spec.operandFirst || first === undefined || first.startsWith('-') || first.includes('=')) {
    return getopt(args, spec);
  }
  const parsed = getopt(args.slice(1), spec);
  return {...parsed, operands: [first, ...parsed.operands]};
};

/** Errors of other kinds are faults of ours: their stack is worth printing. */
const explain = (error: unknown): number => {
  if (!(error instanceof Error)) throw error;
  complain(error instanceof ToolstackError || error.name === 'ConfigError' ? error.message : `xl: ${error.stack}`);
  if (error instanceof ToolstackError) return error.exitStatus;
  return 'exitCode' in error && typeof error.exitCode === 'number' ? error.exitCode : EXIT_FAILURE;
};

endWhenOutputBreaks('xl');

const status = await main(process.argv.slice(2)).catch(explain);
await connected?.close();
process.exit(status);
