import {availableParallelism} from 'node:os';
import type {Verdict, WorkerData} from './job.ts';
import {Runner} from './runner.ts';

/** Seeds that a thread takes at a time. */
const BATCH = 50;

export interface PoolOptions {
  readonly data: WorkerData;
  readonly first: number;
  readonly last: number;
  /** As many as the machine has processors by default. */
  readonly threads?: number;
  /** After so many that fail, the rest is left. */
  readonly maxFailures: number;
  /** Told how many seeds have been run, now and then. */
  readonly onProgress?: (done: number) => void;
}

export interface PoolResult {
  /** Seeds that were run. */
  readonly done: number;
  /** By seed. */
  readonly failures: readonly Verdict[];
}

/** Runs seeds in threads, the lowest first. */
export const runSeeds = async (options: PoolOptions): Promise<PoolResult> => {
  const {data, first, last, threads = availableParallelism(), maxFailures, onProgress} = options;
  const failures: Verdict[] = [];
  let done = 0;
  let next = first;
  const goesOn = (): boolean => failures.length < maxFailures;
  const onVerdict = (verdict: Verdict): boolean => {
    if (verdict.fault !== undefined && goesOn()) failures.push(verdict);
    if (++done % BATCH === 0) onProgress?.(done);
    return goesOn();
  };
  const lane = async (): Promise<void> => {
    const runner = new Runner(data);
    while (next <= last && goesOn()) {
      const from = next;
      next += BATCH;
      await runner.run({first: from, last: Math.min(from + BATCH - 1, last)}, onVerdict);
    }
    await runner.end();
  };
  const lanes = Math.min(threads, Math.ceil((last - first + 1) / BATCH));
  await Promise.all(Array.from({length: lanes}, lane));
  return {done, failures: failures.toSorted((a, b) => a.seed - b.seed)};
};
