import {type ChildProcess, fork} from 'node:child_process';
import {once} from 'node:events';
import {fileURLToPath} from 'node:url';
import type {IutSource} from '../iut/load.ts';
import type {Job, WorkerData, WorkerReport} from './job.ts';

const WORKER_HEAP_MIB = 512;
/** All that a worker may take. Our own checks come to 1.3 GiB, in guests that are garbage already. */
export const MAX_PROCESS_BYTES = 2 * 2 ** 30;

const workerPath = fileURLToPath(new URL('worker.js', import.meta.url));

/** What the engine (its heap is full), our limit or the system's own ends a process with. */
const OUT_OF_MEMORY: ReadonlySet<NodeJS.Signals | null> = new Set(['SIGABRT', 'SIGKILL']);

/**
 * A process with an implementation in it. One that loops, ends its process or uses up its memory takes nobody with it,
 * which a thread would: an engine that is out of memory ends the whole process. What it prints goes to stderr.
 */
export class WorkerProcess {
  onReport: (report: WorkerReport) => void = () => undefined;
  /** It has ended by itself. */
  onEnd: (reason: string) => void = () => undefined;
  private readonly child: ChildProcess;

  constructor(iut: IutSource) {
    this.child = fork(workerPath, [JSON.stringify({iut} satisfies WorkerData)], {
      execArgv: [`--max-old-space-size=${WORKER_HEAP_MIB}`],
      serialization: 'advanced',
      stdio: ['ignore', 2, 2, 'ipc'],
    });
    // An implementation may send on our channel, too.
    this.child.on('message', (report: WorkerReport | null) => report !== null && this.onReport(report));
    this.child.on('error', (error) => this.onEnd(String(error)));
    this.child.on('exit', (code, signal) => this.onEnd(explain(code, signal)));
  }

  send(job: Job): void {
    this.child.send(job);
  }

  /** Ends it, whatever it is at. */
  async end(): Promise<void> {
    const {child} = this;
    this.onEnd = () => undefined;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }
}

const explain = (code: number | null, signal: NodeJS.Signals | null): string =>
  OUT_OF_MEMORY.has(signal)
    ? `out of memory: more than ${WORKER_HEAP_MIB} MiB of heap, or ${MAX_PROCESS_BYTES / 2 ** 30} GiB in all`
    : `it ended the process that it ran in: ${signal ?? `status ${code}`}`;
