import {execFileSync} from 'node:child_process';
import {join} from 'node:path';
import {type ExecutionContext} from 'ava';
import {realEnv, realTest} from '../support/real.ts';
import {XL} from '../support/run.ts';
import {XlHost} from '../support/xl.ts';

const COLUMNS = 160;
const ROWS = 24;

/** A terminal in tmux, with a server of its own, in which xl runs. */
class Terminal {
  readonly #host: XlHost;
  readonly #socket: string;

  constructor(t: ExecutionContext, host: XlHost, ...args: string[]) {
    this.#host = host;
    this.#socket = host.path('tmux.sock');
    const size = ['-x', String(COLUMNS), '-y', String(ROWS)];
    const xl = [process.execPath, join(process.cwd(), 'dist', XL), ...args];
    // The pane stays when its program has ended, so that what it left on the screen can be read.
    this.tmux('new-session', '-d', ...size, 'sh');
    this.tmux('set-option', '-g', 'remain-on-exit', 'on');
    this.tmux('respawn-pane', '-k', ...xl);
    t.teardown(() => this.tmux('kill-server'));
  }

  type(...keys: string[]): void {
    this.tmux('send-keys', ...keys);
  }

  get screen(): string {
    return this.tmux('capture-pane', '-p');
  }

  get hasEnded(): boolean {
    return this.tmux('display-message', '-p', '#{pane_dead}').trim() === '1';
  }

  /** Waits for a pattern on the screen. */
  shows(pattern: RegExp): Promise<RegExpExecArray> {
    return this.#host.waitFor(
      `${String(pattern)} on the screen`,
      () => pattern.exec(this.screen),
      () => this.screen,
    );
  }

  ends(): Promise<unknown> {
    return this.#host.waitFor(
      'end of xl',
      () => this.hasEnded,
      () => this.screen,
    );
  }

  private tmux(...args: string[]): string {
    const env = {...realEnv, ...this.#host.env, TERM: 'xterm', LC_ALL: 'C.UTF-8'};
    return execFileSync('tmux', ['-f', '/dev/null', '-S', this.#socket, ...args], {env, encoding: 'utf8'});
  }
}

realTest('tmux', 'xl console is a terminal to work on, and ^] leaves it as it was', async (t) => {
  const host = XlHost.at(t);
  await host.create('hello');
  await host.waitForConsole('hello', /hello# $/);
  const terminal = new Terminal(t, host, 'console', 'hello');
  await terminal.shows(/^hello# *$/m);
  terminal.type('echo one two', 'Enter');
  await terminal.shows(/^one two$/m);
  // Editing in the line, and ^C, go to the guest.
  terminal.type('echo sixx', 'BSpace', 'BSpace', 'Home', 'Right', 'Right', 'Right', 'Right', ' -', 'C-c');
  await terminal.shows(/^hello# echo  ?-/m);
  terminal.type('hostname', 'Enter');
  await terminal.shows(/^hello$/m);
  terminal.type('C-]');
  await terminal.ends();
  t.regex((await host.domains()).join('\n'), /^hello 1 -b----$/m, 'the guest goes on');
});

realTest('tmux', 'xl top shows domains as they come and go, and obeys its keys', async (t) => {
  const host = XlHost.at(t);
  await host.create('hello', 'vif = ["bridge=xenbr0"]', 'disk = ["format=raw,vdev=xvda,access=rw,target=ram:1M"]');
  await host.waitForConsole('hello', /hello# $/);
  const terminal = new Terminal(t, host, 'top', '-d', '0.2');
  await terminal.shows(/^xentop - \d\d:\d\d:\d\d +Xen 4\.17/m);
  await terminal.shows(/^2 domains: 1 running, 1 blocked, 0 paused/m);
  await terminal.shows(/^ {6}NAME {2}STATE {3}CPU\(sec\)/m);
  await terminal.shows(/^ {5}hello --b--- +\d+ +\d+\.\d +16384 +0\.0 +17408 .* 1 +1 +\d+ +\d+ +1 /m);
  terminal.type('n');
  await terminal.shows(/^Net0 RX: +\d+bytes/m);
  terminal.type('b', 'c', 'v');
  await terminal.shows(/^VCPUs\(sec\): +0: +\d+s$/m);
  await terminal.shows(/^VBD BlkBack 51712 \[ca: 0\] {2}OO: +0/m);
  await terminal.shows(/^Counters: +0 instructions +\d+ hypercalls +\d+ upcalls/m);
  await host.ok('pause', 'hello');
  await terminal.shows(/^ {5}hello ----p- /m);
  terminal.type('d');
  await terminal.shows(/^Change delay\? $|^Change delay\?$/m);
  terminal.type('0.1', 'Enter');
  await host.create('second');
  await terminal.shows(/^ {4}second --b--- /m);
  await host.ok('destroy', 'hello');
  await terminal.shows(/^2 domains: 1 running, 1 blocked, 0 paused/m);
  t.notRegex(terminal.screen, /^ {5}hello /m);
  terminal.type('q');
  await terminal.ends();
});
