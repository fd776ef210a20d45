import {clauseOf} from '../catalogue/index.ts';
import {type ConformReport, explanation, replayCommand} from './report.ts';
import {clauseStandings, countStandings, standingOf} from './standing.ts';

/** What is not a pass, a line each with how to see it again; then the counts. */
export const tableReport = (reports: readonly ConformReport[]): string => reports.map(tableOf).join('\n');

const tableOf = (report: ConformReport): string => {
  const {results, profiles} = report;
  const rows = results
    .map((result) => ({result, standing: standingOf(result, profiles)}))
    .filter(({standing}) => standing !== 'pass')
    .map(({result, standing}) => [
      standing,
      clauseOf(result.clause)?.severity ?? 'attack',
      result.check,
      explanation(result),
      replayCommand(result),
    ]);
  const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => row[column].length)));
  const lines = rows.map((row) => {
    const [head, ...more] = row[3].split('\n');
    const start = widths.map((width, column) => row[column].padEnd(width)).join('  ');
    return [`${start}  ${head}`, ...more.slice(0, 3), `    ${row[4]}`].join('\n');
  });
  return [...lines, summary(report), ''].join('\n');
};

/** Attacks have no clauses: they are counted themselves. */
const summary = ({iut, clauses, checks, results, profiles}: ConformReport): string => {
  if (clauses.length === 0)
    return `${iut}: ${results.length} attacks: ${countStandings(results.map((result) => standingOf(result, profiles)))}`;
  const standings = clauseStandings(clauses, checks, results, profiles).map(({standing}) => standing);
  return `${iut}: ${clauses.length} clauses, ${results.length} checks: ${countStandings(standings)}`;
};
