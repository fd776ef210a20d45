import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import type {ExecutionContext} from 'ava';
import {connectTo, type DaemonClient} from '../../toolstack/daemon/client.ts';
import {homeAt} from '../../toolstack/daemon/home.ts';
import {runXl} from '../../toolstack/xl/run.ts';
import {launch, type Outcome, outcomeOf, PVSIM, XL} from './run.ts';
import {temporaryDirectory} from './temporary.ts';

/** For anything that takes a second on a quiet machine. */
const PATIENCE_MS = 120_000;
const POLL_MS = 20;
/** ^], which ends a console session. */
const ESCAPE = '\u001D';
/** What the kernel's log prints first to clear a prompt from its line. */
const ERASE_LINE = '\u001B[K';

/** A host as a user has it: the compiled programs, in a home and working directory of their own. */
export class XlHost {
  readonly dir: string;

  private constructor(dir: string) {
    this.dir = dir;
  }

  /** Nothing runs yet: the first `xl` that needs the daemon starts it. It stops with the test, whatever happens. */
  static at(t: ExecutionContext): XlHost {
    t.timeout(3 * PATIENCE_MS);
    const host = new XlHost(temporaryDirectory(t));
    t.teardown(() => host.stop());
    return host;
  }

  get env(): NodeJS.ProcessEnv {
    return {PVSIM_HOME: this.dir};
  }

  path(name: string): string {
    return join(this.dir, name);
  }

  write(name: string, data: string | Uint8Array): void {
    writeFileSync(this.path(name), data);
  }

  xl(...args: string[]): Promise<Outcome> {
    return this.run(XL, args);
  }

  /** The same with somebody who types, then leaves with ^]. */
  xlTyping(text: string, ...args: string[]): Promise<Outcome> {
    return this.run(XL, args, `${text}${ESCAPE}`);
  }

  /** The same without a process, against the daemon that runs: for tables of many commands. */
  async xlHere(...args: string[]): Promise<Outcome> {
    const texts = {stdout: '', stderr: ''};
    const status = await runXl(args, {
      cwd: this.dir,
      connect: () => this.connect(),
      out: (text) => (texts.stdout += text),
      complain: (lines) => (texts.stderr += `${lines}\n`),
    });
    return {...texts, status};
  }

  /** The output of a command that has to succeed. */
  async ok(...args: string[]): Promise<string> {
    const {status, stdout, stderr} = await this.xl(...args);
    if (status !== 0) throw new Error(`xl ${args.join(' ')}: exit ${status}\n${stdout}${stderr}${this.tail()}`);
    return stdout;
  }

  /** Creates a guest of the built-in kernel from `name.cfg`, which gets the lines in `more`. */
  create(name: string, ...more: string[]): Promise<string> {
    this.write(`${name}.cfg`, [`name = "${name}"`, 'kernel = "builtin"', 'memory = 16', ...more, ''].join('\n'));
    return this.ok('create', `${name}.cfg`);
  }

  pvsim(...args: string[]): Promise<Outcome> {
    return this.run(PVSIM, args);
  }

  /** What a guest, and whoever had its name before, has printed. */
  consoleText(name: string): string {
    return this.read(`log/guest-${name}.log`).replaceAll('\r', '').replaceAll(ERASE_LINE, '\n');
  }

  /** Waits until a pattern is on a guest's console, after the first `from` characters. */
  async waitForConsole(name: string, pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    return this.waitFor(
      `${String(pattern)} on the console of ${name}`,
      () => pattern.exec(this.consoleText(name).slice(from)),
      () => this.consoleText(name),
    );
  }

  /** Types a command at a guest's console and waits for what it prints. */
  async type(name: string, command: string, answer: RegExp): Promise<RegExpExecArray> {
    const from = this.consoleText(name).length;
    const {status, stderr} = await this.xlTyping(`${command}\r`, 'console', name);
    if (status !== 0) throw new Error(`xl console ${name}: exit ${status}\n${stderr}`);
    return this.waitForConsole(name, answer, from);
  }

  /** Polls until there is a value; `found` says in the failure what there was instead. */
  async waitFor<T>(
    what: string,
    look: () => T | null | undefined | false | Promise<T | null | undefined | false>,
    found: () => string = () => '',
  ): Promise<T> {
    const deadline = Date.now() + PATIENCE_MS;
    for (;;) {
      const value = await look();
      if (value !== null && value !== undefined && value !== false) return value;
      if (Date.now() > deadline) throw new Error(`no ${what}:\n${found()}${this.tail()}`);
      await sleep(POLL_MS);
    }
  }

  /** What `xl list` would print, "NAME DOMID STATE" each, dom0 first; asked of the daemon, as polling would be slow else. */
  async domains(): Promise<string[]> {
    const list = await this.ask((client) => client.call('domain.list', {}));
    return list.map(({name, domid, state}) => `${name} ${domid} ${state}`);
  }

  /** MiB. */
  async freeMemory(): Promise<number> {
    const {freeMemoryMib} = await this.ask((client) => client.call('host.info', {}));
    return freeMemoryMib;
  }

  /** The daemon's process id, from its lock. */
  get pid(): number | undefined {
    const text = this.read('host.lock');
    return text === '' ? undefined : (JSON.parse(text) as {pid: number}).pid;
  }

  async stop(): Promise<void> {
    const {pid} = this;
    if (pid === undefined) return;
    const {status} = await this.pvsim('host', 'stop', '--timeout', '1');
    // A daemon that does not stop must not outlive its test; its own death is the answer to no signal at all.
    if (status !== 0 && this.pid === pid) process.kill(pid, 'SIGKILL');
  }

  /** SIGKILL to the daemon. Resolves when it is gone. */
  async kill(): Promise<void> {
    const {pid} = this;
    if (pid === undefined) throw new Error('no daemon runs');
    process.kill(pid, 'SIGKILL');
    await this.waitFor('end of the daemon', () => !isRunning(pid));
  }

  private async connect(): Promise<DaemonClient> {
    const client = await connectTo(homeAt(this.dir));
    if (client === undefined) throw new Error(`no daemon runs${this.tail()}`);
    return client;
  }

  private async ask<T>(question: (client: DaemonClient) => Promise<T>): Promise<T> {
    const client = await this.connect();
    try {
      return await question(client);
    } finally {
      await client.close();
    }
  }

  /** Runs a program of ours, which gets that input. */
  async run(program: string, args: readonly string[], input = ''): Promise<Outcome> {
    const child = launch(program, args, this.env, this.dir);
    const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS);
    child.stdin?.end(input);
    const outcome = await outcomeOf(child);
    clearTimeout(timer);
    return outcome;
  }

  /** A file of the directory; empty where there is none. */
  read(name: string): string {
    return readText(this.path(name));
  }

  /** The end of the daemon's log, for a failure. */
  private tail(): string {
    return `\n--- daemon.log\n${this.read('log/daemon.log').split('\n').slice(-20).join('\n')}`;
  }
}

/** A process that has ended but has not been waited for does not run. */
const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return !/^State:\s+Z/m.test(readText(`/proc/${pid}/status`));
};

/** Empty where there is no such file. */
const readText = (path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
};
