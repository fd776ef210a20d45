import type {Result} from '../verdict.ts';

/** Mutants that their check took for sound drivers, or could not judge. A driver that hangs or throws is caught, too. */
export const escaped = (results: readonly Result[]): Result[] =>
  results.filter(({verdict}) => verdict === 'pass' || verdict === 'inconclusive');
