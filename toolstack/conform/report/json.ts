import type {Severity} from '../catalogue/index.ts';
import type {Result} from '../verdict.ts';
import type {ConformReport} from './report.ts';
import {clauseStandings, type Standing} from './standing.ts';

/** A report as it is in a file. */
export interface SavedReport extends Pick<ConformReport, 'iut' | 'seed' | 'profiles'> {
  readonly clauses: readonly {
    readonly id: string;
    readonly severity: Severity;
    readonly standing: Standing;
    readonly results: readonly Result[];
  }[];
}

const plain = ({iut, seed, profiles, clauses, checks, results}: ConformReport): SavedReport => ({
  iut,
  seed,
  profiles,
  clauses: clauseStandings(clauses, checks, results, profiles).map(({clause, standing, results: own}) => ({
    id: clause.id,
    severity: clause.severity,
    standing,
    results: own,
  })),
});

/** For each implementation every clause, with its standing and all that is known of its runs. */
export const jsonReport = (reports: readonly ConformReport[]): string =>
  `${JSON.stringify(reports.map(plain), undefined, 1)}\n`;
