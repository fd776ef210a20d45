import type {Iut} from '../iut/iut.ts';
import type {IutSource} from '../iut/load.ts';
import type {Check} from '../check.ts';
import type {Result} from '../verdict.ts';

/** One check to run: names only, as it goes to a worker. */
export interface Job {
  /** Check.name */
  readonly check: string;
  /** Mutant.name, to be seeded. */
  readonly mutant?: string;
  /** Seed of the first run. */
  readonly seed: number;
  /** In place of all runs the one of this seed, steps kept. */
  readonly replay?: string;
}

export interface WorkerData {
  readonly iut: IutSource;
}

/** What is to be known of an implementation before it is judged. */
export type IutTerms = Pick<Iut, 'name' | 'subjects' | 'limitMs' | 'isOutside'>;

/** What a worker says. */
export type WorkerReport =
  | {readonly kind: 'ready'; readonly terms: IutTerms}
  | {readonly kind: 'run'; readonly seed: string}
  | {readonly kind: 'result'; readonly result: Result}
  /** It cannot go on: the implementation could not be loaded, or threw where no check was under way. */
  | {readonly kind: 'broken'; readonly reason: string};

/** A job for each check, or for each mutant of each. */
export const checkJobs = (checks: readonly Check[], seed: number): Job[] =>
  checks.map(({name}) => ({check: name, seed}));

export const mutantJobs = (checks: readonly Check[], seed: number): Job[] =>
  checks.flatMap(({name, mutants}) => mutants.map((mutant) => ({check: name, mutant: mutant.name, seed})));
