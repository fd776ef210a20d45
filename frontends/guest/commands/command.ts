import type {CommandContext} from './context.ts';

/** A command of the shell. */
export interface Command {
  readonly name: string;
  /** Its arguments, as `help` prints them behind the name. */
  readonly usage: string;
  /** What it does, in one line. */
  readonly help: string;
  /** Further lines for `help NAME`. */
  readonly details?: readonly string[];
  /** Returns the exit status. What it throws as CommandError, or with an errno, is printed behind its name. */
  run(ctx: CommandContext, args: readonly string[]): number | Promise<number>;
}

/** Ends a command with a message and an exit status. */
export class CommandError extends Error {
  readonly status: number;

  constructor(message: string, status = 1) {
    super(message);
    this.name = 'CommandError';
    this.status = status;
  }
}
