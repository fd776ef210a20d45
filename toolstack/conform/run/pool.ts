import {availableParallelism} from 'node:os';
import type {Result} from '../verdict.ts';
import type {Job} from './job.ts';
import {Runner, type RunnerOptions} from './runner.ts';

export interface PoolOptions extends RunnerOptions {
  readonly jobs: readonly Job[];
  /** Processes; as many as the machine has processors by default. */
  readonly threads?: number;
  readonly onResult?: (result: Result) => void;
}

/** Runs jobs in processes. One that hangs or breaks its process ends with verdict `error`; the rest go on. */
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
