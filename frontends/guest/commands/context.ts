import {NS_PER_S} from '../../../hypervisor/schedule/index.ts';
import {Interrupt} from '../interrupt.ts';
import type {Machine} from '../machine.ts';
import {sleep, withTimeout} from '../sleep.ts';
import type {Tty} from '../tty.ts';
import type {Command} from './command.ts';

/** A console that takes nothing for so long is not waited for: the oldest output is lost then. */
const ROOM_TIMEOUT_NS = NS_PER_S;

/** What a running command has: the machine, the terminal, and a way to wait that ^C ends. */
export class CommandContext {
  readonly machine: Machine;
  readonly interrupt = new Interrupt();
  readonly history: readonly string[];
  readonly commands: ReadonlyMap<string, Command>;
  private readonly tty: Tty;

  constructor(options: {
    machine: Machine;
    tty: Tty;
    history: readonly string[];
    commands: ReadonlyMap<string, Command>;
  }) {
    this.machine = options.machine;
    this.tty = options.tty;
    this.history = options.history;
    this.commands = options.commands;
  }

  print(text: string): void {
    this.tty.print(text);
  }

  printLines(lines: readonly string[]): void {
    for (const line of lines) this.print(`${line}\n`);
  }

  /** Bytes as they are, as cat of a device writes them. */
  write(bytes: Uint8Array): void {
    this.tty.write(bytes);
  }

  /** A line that is typed; undefined for ^D. ^C ends the command. */
  async readLine(): Promise<string | undefined> {
    const result = await this.wait(this.tty.readLine(''));
    if (result.kind === 'interrupt') this.interrupt.raise();
    this.interrupt.check();
    return result.kind === 'line' ? result.text : undefined;
  }

  /** Between parts of much output: waits for the console to take it, and lets others run. */
  async room(): Promise<void> {
    await this.wait(withTimeout(this.machine.schedule, ROOM_TIMEOUT_NS, this.tty.room()));
  }

  /** Lets other tasks run; ^C ends the command here. */
  async pause(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.machine.schedule.post(resolve);
    });
    this.interrupt.check();
  }

  /** Waits for something that ^C may cut short. */
  wait<T>(promise: Promise<T>): Promise<T> {
    return this.interrupt.wait(promise);
  }

  sleep(delayNs: number): Promise<void> {
    return this.wait(sleep(this.machine.schedule, delayNs));
  }
}
