import type {BenchPoint} from './point.ts';
import type {PointResult} from './result.ts';
import {PointRunner, type RunTerms} from './runner.ts';

export interface RunOptions extends RunTerms {
  readonly points: readonly BenchPoint[];
  /** Told of each point that ends. */
  readonly onResult: (result: PointResult) => void;
  /** Ends the run: the point under way and those after it are not run. */
  readonly signal: AbortSignal;
}

/** Runs points in order, in a thread; of those that an abort left out the result says so. */
export const runPoints = async ({points, onResult, signal, ...terms}: RunOptions): Promise<PointResult[]> => {
  const runner = new PointRunner(terms);
  const end = (): void => void runner.end();
  signal.addEventListener('abort', end, {once: true});
  const results: PointResult[] = [];
  for (const point of points) {
    const result = signal.aborted ? undefined : await runner.run(point);
    results.push(result === undefined || signal.aborted ? {state: 'not run', point} : result);
    if (!signal.aborted) onResult(results[results.length - 1]);
  }
  await runner.end();
  return results;
};
