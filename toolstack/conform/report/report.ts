import type {Clause, ImplementationProfile} from '../catalogue/index.ts';
import type {Check} from '../check.ts';
import type {Result} from '../verdict.ts';

/** A run of checks against one implementation, as every format gets it. */
export interface ConformReport {
  readonly iut: string;
  readonly clauses: readonly Clause[];
  /** All there are, whether they were run or not. */
  readonly checks: readonly Pick<Check, 'clause'>[];
  readonly results: readonly Result[];
  readonly profiles: readonly ImplementationProfile[];
  /** Seed of the first runs. */
  readonly seed: number;
}

/** "seen; due: ...", or the reason that there is no pass. */
export const explanation = ({seen, due, reason}: Result): string =>
  seen === undefined ? (reason ?? '') : `${seen}; due: ${due}`;

/** What `replay` takes when it is not told what to run. */
const OWN = 'pvsim';

/** The command that shows a result's run. */
export const replayCommand = ({check, seed, mutant, iut, subject}: Result): string => {
  const words = [`pvsim conform replay "${check}"`];
  if (mutant !== undefined) words.push(`--mutant "${mutant}"`);
  words.push(`--seed ${seed ?? 1}`);
  if (iut !== OWN) words.push(`${subject === 'xenstored' ? '--xenstored' : '--iut'} ${iut}`);
  return words.join(' ');
};
