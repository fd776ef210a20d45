import {type Clause, clauseOf, type ImplementationProfile} from '../catalogue/index.ts';
import type {Check} from '../check.ts';
import type {Result} from '../verdict.ts';

/** A verdict in the light of its clause. `deviates`: breaks what only some implementation does that was not asked for. */
export type Standing = Result['verdict'] | 'deviates' | 'not applicable' | 'no check yet';

/** The worst first. */
const order: readonly Standing[] = [
  'error',
  'fail',
  'deviates',
  'inconclusive',
  'pass',
  'not applicable',
  'no check yet',
];

export const standingOf = ({verdict, clause: id}: Result, profiles: readonly ImplementationProfile[]): Standing => {
  const profile = clauseOf(id)?.profile;
  return verdict === 'fail' && profile !== undefined && !profiles.includes(profile) ? 'deviates' : verdict;
};

/** Fails the run: an error, or a MUST that is broken. Attacks have no clause and have to be repelled. */
export const isFatal = (result: Result, profiles: readonly ImplementationProfile[]): boolean => {
  const standing = standingOf(result, profiles);
  return standing === 'error' || (standing === 'fail' && (clauseOf(result.clause)?.severity ?? 'MUST') === 'MUST');
};

export interface ClauseStanding {
  readonly clause: Clause;
  readonly standing: Standing;
  readonly results: readonly Result[];
}

/** Each clause with the worst of its results. */
export const clauseStandings = (
  clauses: readonly Clause[],
  checks: readonly Pick<Check, 'clause'>[],
  results: readonly Result[],
  profiles: readonly ImplementationProfile[],
): ClauseStanding[] => {
  const checked = new Set(checks.map(({clause}) => clause));
  return clauses.map((clause) => {
    const own = results.filter((result) => result.clause === clause.id);
    const standings = new Set(own.map((result) => standingOf(result, profiles)));
    const worst = order.find((each) => standings.has(each));
    return {clause, results: own, standing: worst ?? (checked.has(clause.id) ? 'not applicable' : 'no check yet')};
  });
};

/** "2 fail, 7 pass": how many of each, from worst to best. */
export const countStandings = (standings: readonly Standing[]): string =>
  order
    .map((each): [Standing, number] => [each, standings.filter((standing) => standing === each).length])
    .flatMap(([standing, count]) => (count === 0 ? [] : [`${count} ${standing}`]))
    .join(', ');
