import type {Abi} from '../../hypervisor/abi/ctype.ts';
import type {Subject} from './iut/iut.ts';
import type {Mutant} from './mutants/mutant.ts';
import type {Stands} from './stand/stands.ts';
import type {Stand} from './stand/stand.ts';

/** Seeds of a check that does not say otherwise. */
const SEEDS = 2;

export interface CheckOptions {
  /** Tells the checks of one clause and subject apart. */
  readonly variant?: string;
  /** Faults that it has to see. */
  readonly mutants: readonly Mutant[];
  /** Runs, each with a seed of its own. */
  readonly seeds?: number;
  /** In place of seeds: enumerates what is left open, at most so many runs. */
  readonly orders?: number;
  /** Index at which a frontend under test starts its rings. */
  readonly ringStart?: number;
  /** Of the guest; x86_64 by default. */
  readonly abi?: Abi;
}

/** A scenario that tells whether an implementation keeps one clause. */
export interface Check extends CheckOptions {
  /** "RING-LAY-06 backend/vbd", and the variant; unique. */
  readonly name: string;
  /** Id of a clause, of an attack that of the advisory. */
  readonly clause: string;
  readonly subject: Subject;
  readonly seeds: number;
  /** Resolves when the clause held; throws Breach or Inconclusive. */
  readonly run: (stand: Stand) => Promise<void>;
}

/** `run` gets the subject's stand, with the implementation loaded. */
export const check = <S extends Subject>(
  subject: S,
  clause: string,
  run: (stand: Stands[S]) => Promise<void>,
  options: CheckOptions,
): Check => ({
  seeds: SEEDS,
  ...options,
  name: [clause, subject, options.variant ?? []].flat().join(' '),
  clause,
  subject,
  run: (stand) => run(stand as Stands[S]),
});
