import type {ConformReport} from './report.ts';
import {clauseStandings} from './standing.ts';

const plain = ({iut, seed, profiles, clauses, checks, results}: ConformReport): object => ({
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
