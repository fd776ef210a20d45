import {ToolstackError} from '../../errors.ts';
import type {IutSource} from '../iut/load.ts';
import type {Result} from '../verdict.ts';
import type {IutTerms, Job} from './job.ts';
import {WorkerProcess} from './worker-process.ts';

/** Longest that one check may take of the machine's time. */
const DEFAULT_LIMIT_MS = 20_000;
/** Longest that a worker may take to load the implementation. */
const START_LIMIT_MS = 60_000;
const EXIT_USAGE = 2;

export interface RunnerOptions {
  readonly iut: IutSource;
  /** As it is called in results that a worker could not give. */
  readonly iutName: string;
  readonly limitMs?: number;
}

/** Runs jobs in one process. */
export class Runner {
  /** False once the process is lost. */
  usable = true;
  private isReady = false;
  private readonly options: RunnerOptions;
  private readonly worker: WorkerProcess;

  constructor(options: RunnerOptions) {
    this.options = options;
    this.worker = new WorkerProcess(options.iut);
  }

  async run(job: Job): Promise<Result> {
    const {worker, options} = this;
    let startedMs = performance.now();
    let seed: string | undefined;
    let timer: NodeJS.Timeout | undefined;
    const outcome = await new Promise<Result | string>((resolve) => {
      const limit = (limitMs: number, what: string): void => {
        clearTimeout(timer);
        timer = setTimeout(() => resolve(`${what} within ${limitMs / 1000} s`), limitMs);
      };
      const begin = (): void => {
        this.isReady = true;
        startedMs = performance.now();
        limit(options.limitMs ?? DEFAULT_LIMIT_MS, 'no verdict');
        worker.send(job);
      };
      worker.onEnd = resolve;
      worker.onReport = (report) => {
        if (report.kind === 'ready') begin();
        else if (report.kind === 'run') ({seed} = report);
        else if (report.kind === 'result') resolve(report.result);
        else if (report.kind === 'broken') resolve(report.reason);
      };
      if (this.isReady) begin();
      else limit(START_LIMIT_MS, 'not loaded');
    });
    clearTimeout(timer);
    if (typeof outcome !== 'string') return outcome;
    this.usable = false;
    await this.end();
    return this.lost(job, outcome, seed, performance.now() - startedMs);
  }

  async end(): Promise<void> {
    await this.worker.end();
  }

  private lost({check, mutant}: Job, reason: string, seed: string | undefined, wallMs: number): Result {
    const [clause, subject] = check.split(' ');
    const {iutName: iut} = this.options;
    return {check, clause, subject, iut, mutant, verdict: 'error', reason, seed, runs: 1, wallMs: Math.round(wallMs)};
  }
}

/** Loads an implementation, away from here, for what is to be known of it. Throws ToolstackError when it cannot be. */
export const termsOf = async (iut: IutSource, limitMs = START_LIMIT_MS): Promise<IutTerms> => {
  const worker = new WorkerProcess(iut);
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise((resolve, reject) => {
      const refuse = (reason: string): void => reject(new ToolstackError('EINVAL', reason, EXIT_USAGE));
      timer = setTimeout(() => refuse(`pvsim: not loaded within ${limitMs / 1000} s`), limitMs);
      worker.onEnd = (reason) => refuse(`pvsim: loading it, ${reason}`);
      worker.onReport = (report) => {
        if (report.kind === 'ready') resolve(report.terms);
        else if (report.kind === 'broken') refuse(report.reason);
      };
    });
  } finally {
    clearTimeout(timer);
    await worker.end();
  }
};
