import {clauses} from '../catalogue/index.ts';
import type {ConformReport} from './report.ts';

/** A report for each implementation, in the order in which they first come, all of the same clauses. */
export const joinReports = (reports: readonly ConformReport[]): ConformReport[] => {
  const named = new Set(reports.flatMap((report) => report.clauses));
  const joined = {
    clauses: clauses.filter((clause) => named.has(clause)),
    checks: reports.flatMap(({checks}) => checks),
  };
  return [...new Set(reports.map(({iut}) => iut))].map((iut) => {
    const own = reports.filter((report) => report.iut === iut);
    return {
      ...own[0],
      ...joined,
      profiles: [...new Set(own.flatMap(({profiles}) => profiles))],
      results: own.flatMap(({results}) => results),
    };
  });
};
