import type {Cut} from '../cuts.ts';
import type {PlanOptions} from '../plan.ts';

/** What a worker simulates. */
export interface WorkerData extends PlanOptions {
  /** A name of simMutants. */
  readonly mutant?: string;
  readonly referee?: boolean;
}

/** Seeds to be run, one after another. */
export interface Job {
  readonly first: number;
  readonly last: number;
  readonly cuts?: readonly Cut[];
  readonly traced?: boolean;
}

/** What a worker says of each seed. */
export interface Verdict {
  readonly seed: number;
  /** "CHECKER: what is wrong"; undefined when nothing is. */
  readonly fault: string | undefined;
  /** Of a job that is traced. */
  readonly trace?: readonly string[];
}
