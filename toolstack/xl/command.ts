import type {DaemonClient} from '../daemon/client.ts';
import type {OptionSpec} from './getopt.ts';

/** What a subcommand is given. */
export interface Xl {
  /** -N: print what would be done. */
  readonly dryRun: boolean;
  /** Relative paths start here. */
  readonly cwd: string;
  /** xl.conf, which need not exist. */
  readonly confFile?: string;
  /** The host's daemon, started when it does not run. */
  client(): Promise<DaemonClient>;
  out(text: string): void;
  /** Prints the subcommand's help and returns the exit status for wrong use. */
  usage(): number;
  /** One line, or several, on stderr; the last newline is added. */
  complain(lines: string): void;
}

/** Options of a subcommand as they were given. */
export interface Options {
  has(letter: string): boolean;
  count(letter: string): number;
  /** Argument of the last one. */
  value(letter: string): string | undefined;
  /** Arguments of all of them, in order. */
  values(letter: string): readonly string[];
}

/** Does the work and returns the exit status. Throws ToolstackError or ConfigError for what goes wrong. */
export type Run = (xl: Xl, options: Options, operands: readonly string[]) => Promise<number>;

/** A line of xl's command table. @see xl-commands.json */
export interface CommandSpec extends OptionSpec {
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  readonly optionHelp?: string;
  /** -f makes sense: it changes something. */
  readonly modifies?: boolean;
  /** -N makes sense. */
  readonly dryRun?: boolean;
  readonly minOperands: number;
  /** So many operands may stand before the options. */
  readonly operandsFirst?: number;
  /** Its work; a command without says why there is none. */
  readonly load?: () => Promise<{run: Run}>;
  /** Succeeds, with a warning: scripts need no more of it, and a simulator has nothing that it would change. */
  readonly warns?: string;
  /** Fails with this reason. */
  readonly refuses?: string;
}

export const EXIT_FAILURE = 1;
/** Wrong options, too few arguments. */
export const EXIT_USAGE = 2;
