import {spawn, type ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {join} from 'node:path';
import type {ExecutionContext} from 'ava';
import {XsClient} from '../../hypervisor/xenstore/index.ts';
import {connectSocket} from '../../hypervisor/xenstore/socket.ts';
import {isServed} from '../../toolstack/performance/real-xenstored.ts';
import {type Outcome, PVSIM, run} from './run.ts';
import {temporaryDirectory} from './temporary.ts';

/** `pvsim xenstored` in a directory of the test's own. */
export class Daemon {
  readonly directory: string;
  readonly socket: string;
  private readonly args: readonly string[];
  private child: ChildProcess | undefined;

  constructor(t: ExecutionContext, args: (directory: string) => readonly string[] = () => []) {
    this.directory = temporaryDirectory(t);
    this.socket = join(this.directory, 's');
    this.args = args(this.directory);
    t.teardown(() => this.kill('SIGKILL'));
  }

  async start(): Promise<void> {
    const program = join(process.cwd(), 'dist', PVSIM);
    const child = spawn(process.execPath, [program, 'xenstored', '--socket', this.socket, ...this.args], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    this.child = child;
    while (!(await isServed(this.socket))) {
      if (child.exitCode !== null) throw new Error(`pvsim xenstored ended with ${child.exitCode}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async kill(signal: NodeJS.Signals): Promise<void> {
    const {child} = this;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  async connect(): Promise<XsClient> {
    return new XsClient(await connectSocket(this.socket));
  }

  /** `pvsim xenstore ...` */
  pvsim(...args: readonly string[]): Promise<Outcome> {
    return run(PVSIM, ['xenstore', ...args], {XENSTORED_PATH: this.socket});
  }
}
