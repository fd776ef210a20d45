import {type Command, CommandContext, CommandError, commandTable} from '../commands/index.ts';
import {errnoOf, strerror} from '../errors.ts';
import {Interrupted} from '../interrupt.ts';
import type {Machine} from '../machine.ts';
import type {Tty} from '../tty.ts';
import {expandWords, parseShellLine, ShellSyntaxError, type Step} from './parse.ts';

const MAX_HISTORY = 500;
const EXIT_SYNTAX = 2;
const EXIT_NOT_FOUND = 127;
const EXIT_INTERRUPTED = 130;

/** The shell on the console. */
export class Shell {
  private readonly machine: Machine;
  private readonly tty: Tty;
  private readonly commands: ReadonlyMap<string, Command>;
  private readonly history: string[] = [];
  private running: CommandContext | undefined;
  /** ^C that was typed between a line and its command. */
  private interrupted = false;
  private status = 0;

  constructor(machine: Machine, tty: Tty, commands: ReadonlyMap<string, Command> = commandTable) {
    this.machine = machine;
    this.tty = tty;
    this.commands = commands;
    tty.onInterrupt = () => this.interrupt();
  }

  private get prompt(): string {
    return `${this.machine.hostname}# `;
  }

  /** Reads and runs lines for as long as the machine is up. */
  async interact(): Promise<never> {
    for (;;) {
      this.interrupted = false;
      const result = await this.tty.readLine(this.prompt, this.history);
      if (result.kind === 'interrupt') this.status = EXIT_INTERRUPTED;
      if (result.kind !== 'line' || result.text.trim() === '') continue;
      this.remember(result.text);
      await this.run(result.text);
    }
  }

  /** Shows the line at the prompt as if it had been typed, and runs it. */
  runVisibly(line: string): Promise<number> {
    this.tty.print(`${this.prompt}${line}\n`);
    this.remember(line);
    return this.run(line);
  }

  /** Runs a line. Resolves with the exit status of its last command. */
  async run(line: string): Promise<number> {
    try {
      for (const step of parseShellLine(line)) {
        if (!this.isDue(step)) continue;
        this.status = await this.runCommand(expandWords(step.words, this.status));
        // ^C ends the whole line.
        if (this.status === EXIT_INTERRUPTED) break;
      }
    } catch (error) {
      if (!(error instanceof ShellSyntaxError)) throw error;
      this.tty.print(`sh: ${error.message}\n`);
      this.status = EXIT_SYNTAX;
    }
    return this.status;
  }

  private isDue({when}: Step): boolean {
    return when === 'always' || (when === 'success') === (this.status === 0);
  }

  private async runCommand([name, ...args]: readonly string[]): Promise<number> {
    const command = this.commands.get(name);
    if (command === undefined) {
      this.tty.print(`sh: ${name}: not found\n`);
      return EXIT_NOT_FOUND;
    }
    const {machine, tty, history, commands} = this;
    this.running = new CommandContext({machine, tty, history, commands});
    if (this.interrupted) this.running.interrupt.raise();
    try {
      this.running.interrupt.check();
      return await command.run(this.running, args);
    } catch (error) {
      return this.report(name, error);
    } finally {
      this.running = undefined;
      this.tty.stopReading();
    }
  }

  private report(name: string, error: unknown): number {
    if (error instanceof Interrupted) return EXIT_INTERRUPTED;
    const errno = errnoOf(error);
    if (error instanceof CommandError) this.tty.print(`${name}: ${error.message}\n`);
    else if (errno !== undefined) this.tty.print(`${name}: ${strerror(errno)}\n`);
    else throw error;
    return error instanceof CommandError ? error.status : 1;
  }

  private interrupt(): void {
    this.interrupted = true;
    this.running?.interrupt.raise();
  }

  private remember(line: string): void {
    if (line !== this.history.at(-1)) this.history.push(line);
    if (this.history.length > MAX_HISTORY) this.history.shift();
  }
}
