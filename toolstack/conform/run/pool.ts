import {availableParallelism} from 'node:os';
import {Worker} from 'node:worker_threads';
import type {IutSource} from '../iut/load.ts';
import type {Result} from '../verdict.ts';
import type {Job, WorkerData, WorkerReport} from './job.ts';

/** Longest that one check may take of the machine's time. */
const DEFAULT_LIMIT_MS = 20_000;
/** Longest that a thread may take to load the implementation. */
const START_LIMIT_MS = 60_000;
/** Heap of a worker: what an implementation may use up before it is stopped. */
const WORKER_HEAP_MIB = 512;

export interface PoolOptions {
  readonly iut: IutSource;
  /** As it is called in results that a worker could not give. */
  readonly iutName: string;
  readonly jobs: readonly Job[];
  /** Threads; as many as the machine has processors by default. */
  readonly threads?: number;
  readonly limitMs?: number;
  readonly onResult?: (result: Result) => void;
}

/** Runs jobs in threads. One that hangs or breaks its thread ends with verdict `error`; the rest go on. */
export const runJobs = async (options: PoolOptions): Promise<Result[]> => {
  const {jobs, threads = availableParallelism()} = options;
  const queue = jobs.map((job, index) => ({job, index}));
  const results: Result[] = [];
  const lane = async (): Promise<void> => {
    let runner: Runner | undefined;
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      runner ??= new Runner(options);
      const result = await runner.run(next.job);
      if (!runner.usable) runner = undefined;
      results[next.index] = result;
      options.onResult?.(result);
    }
    await runner?.end();
  };
  await Promise.all(Array.from({length: Math.min(threads, jobs.length)}, lane));
  return results;
};

/** One thread. */
class Runner {
  usable = true;
  private ready = false;
  private readonly options: PoolOptions;
  private readonly worker: Worker;
  private onReport: (report: WorkerReport) => void = () => undefined;
  private onEnd: (reason: string) => void = () => undefined;

  constructor(options: PoolOptions) {
    this.options = options;
    this.worker = new Worker(new URL('worker.js', import.meta.url), {
      workerData: {iut: options.iut} satisfies WorkerData,
      resourceLimits: {maxOldGenerationSizeMb: WORKER_HEAP_MIB},
    });
    this.worker.on('message', (report: WorkerReport) => this.onReport(report));
    this.worker.on('error', (error) => this.onEnd(explain(error)));
    this.worker.on('exit', () => this.onEnd('it ended the thread that it ran in'));
  }

  async run(job: Job): Promise<Result> {
    let startedMs = performance.now();
    let seed: string | undefined;
    let timer: NodeJS.Timeout | undefined;
    const outcome = await new Promise<Result | string>((resolve) => {
      const limit = (limitMs: number, what: string): void => {
        clearTimeout(timer);
        timer = setTimeout(() => resolve(`${what} within ${limitMs / 1000} s`), limitMs);
      };
      const begin = (): void => {
        this.ready = true;
        startedMs = performance.now();
        limit(this.options.limitMs ?? DEFAULT_LIMIT_MS, 'no verdict');
      };
      this.onEnd = resolve;
      this.onReport = (report) => {
        if (report.kind === 'ready') begin();
        else if (report.kind === 'run') ({seed} = report);
        else resolve(report.result);
      };
      if (this.ready) begin();
      else limit(START_LIMIT_MS, 'not loaded');
      this.worker.postMessage(job);
    });
    clearTimeout(timer);
    if (typeof outcome !== 'string') return outcome;
    this.usable = false;
    await this.end();
    return this.lost(job, outcome, seed, performance.now() - startedMs);
  }

  async end(): Promise<void> {
    await this.worker.terminate();
  }

  private lost({check, mutant}: Job, reason: string, seed: string | undefined, wallMs: number): Result {
    const [clause, subject] = check.split(' ');
    const {iutName: iut} = this.options;
    return {check, clause, subject, iut, mutant, verdict: 'error', reason, seed, runs: 1, wallMs: Math.round(wallMs)};
  }
}

const explain = (error: Error & {code?: string}): string =>
  error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? `out of memory: more than ${WORKER_HEAP_MIB} MiB` : String(error);
