import {Worker} from 'node:worker_threads';
import type {Job, Verdict, WorkerData} from './job.ts';

/** Longest that one seed may take of the machine's time. */
const LIMIT_MS = 60_000;
const WORKER_HEAP_MIB = 512;

/** A thread that runs seeds. One that is lost is replaced, at the price of the seed that it was at. */
export class Runner {
  private readonly data: WorkerData;
  private readonly limitMs: number;
  private worker: Worker | undefined;

  constructor(data: WorkerData, limitMs = LIMIT_MS) {
    this.data = data;
    this.limitMs = limitMs;
  }

  /** Tells of each seed as it ends; stops early when `onVerdict` returns false. */
  async run(job: Job, onVerdict: (verdict: Verdict) => boolean): Promise<void> {
    for (let next = job.first; next <= job.last; next++) {
      const reached = await this.attempt({...job, first: next}, onVerdict);
      if (typeof reached === 'number') return;
      next = reached.seed;
      if (!onVerdict({seed: next, fault: reached.reason})) return;
    }
  }

  async end(): Promise<void> {
    await this.worker?.terminate();
    this.worker = undefined;
  }

  /** Resolves with the last seed, or with the one that broke the thread. */
  private async attempt(
    job: Job,
    onVerdict: (verdict: Verdict) => boolean,
  ): Promise<number | {seed: number; reason: string}> {
    const worker = (this.worker ??= this.start());
    let seed = job.first;
    let timer: NodeJS.Timeout | undefined;
    const outcome = await new Promise<string | undefined>((resolve) => {
      const rearm = (): void => {
        clearTimeout(timer);
        timer = setTimeout(() => resolve(`hang: no end within ${this.limitMs / 1000} s`), this.limitMs);
      };
      worker.removeAllListeners();
      worker.on('message', (verdict: Verdict) => {
        rearm();
        seed = verdict.seed + 1;
        if (!onVerdict(verdict) || verdict.seed === job.last) resolve(undefined);
      });
      worker.on('error', (error) => resolve(`thread: ${String(error)}`));
      worker.on('exit', () => resolve('thread: it ended'));
      rearm();
      worker.postMessage(job);
    });
    clearTimeout(timer);
    if (outcome === undefined) {
      // Told to stop, the thread would go on with the rest of the job.
      if (seed <= job.last) await this.end();
      return job.last;
    }
    await this.end();
    return {seed, reason: outcome};
  }

  private start(): Worker {
    return new Worker(new URL('worker.js', import.meta.url), {
      workerData: this.data,
      resourceLimits: {maxOldGenerationSizeMb: WORKER_HEAP_MIB},
    });
  }
}
