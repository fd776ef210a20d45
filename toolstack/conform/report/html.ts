import type {Result} from '../verdict.ts';
import {escapeMarkup} from './escape.ts';
import {type ConformReport, explanation, replayCommand} from './report.ts';
import {isJudged, type ProtocolMatrix, protocolMatrices} from './matrix.ts';
import {type ClauseStanding, countStandings} from './standing.ts';

const style = `body{font:14px system-ui,sans-serif;margin:2em;max-width:80em}table{border-collapse:collapse;margin:1em 0}
td,th{border:1px solid #ccc;padding:.2em .5em;text-align:left;vertical-align:top}pre{overflow:auto;background:#f6f6f6;padding:.5em}
.pass{background:#dfd}.fail,.error{background:#fcc}.deviates{background:#fe9}.inconclusive{background:#eef}`;

const anchorOf = ({iut, check}: Result): string => escapeMarkup(`${iut} ${check}`.replaceAll(/\W+/g, '-'));

const cellOf = ({standing, results}: ClauseStanding): string => {
  const worst = results.find(({verdict}) => verdict !== 'pass');
  const text = worst === undefined ? standing : `<a href="#${anchorOf(worst)}">${standing}</a>`;
  return `<td class="${standing.split(' ')[0]}">${text}</td>`;
};

const traceOf = (result: Result): string => {
  const steps = (result.steps ?? []).map(
    ({timeNs, who, what}) => `${String(timeNs).padStart(12)} ${who.padEnd(4)} ${what}`,
  );
  return `<h3 id="${anchorOf(result)}">${escapeMarkup(`${result.iut}: ${result.check}`)}</h3>
<p>${escapeMarkup(explanation(result))}</p><pre>${escapeMarkup(replayCommand(result))}</pre>
<details><summary>trace</summary><pre>${escapeMarkup([...(result.dump ?? []), ...steps].join('\n'))}</pre></details>`;
};

const countsOf = (standings: readonly ClauseStanding[]): string =>
  countStandings(standings.filter(isJudged).map(({standing}) => standing));

const summaryRow = ({protocol, columns}: ProtocolMatrix): string => {
  const {standings} = columns[0];
  const checked = standings.filter(({standing}) => standing !== 'no check yet').length;
  const cells = columns.map((column) => `<td>${countsOf(column.standings)}</td>`);
  return `<tr><td><a href="#${protocol}">${protocol}</a></td><td>${standings.length}</td><td>${checked}</td>${cells.join('')}</tr>`;
};

const protocolRows = ({protocol, columns}: ProtocolMatrix): string => {
  const rows = columns[0].standings.map(
    ({clause: {id, severity, rule}}, i) =>
      `<tr><td>${escapeMarkup(id)}</td><td>${severity}</td><td>${escapeMarkup(rule)}</td>${columns.map(({standings}) => cellOf(standings[i])).join('')}</tr>`,
  );
  return [`<tr id="${protocol}"><th colspan="${3 + columns.length}">${protocol}</th></tr>`, ...rows].join('\n');
};

/** One page: counts by protocol, then clauses by implementations, each cell that is no pass linked to its trace. */
export const htmlReport = (reports: readonly ConformReport[]): string => {
  const matrices = protocolMatrices(reports);
  const iuts = reports.map(({iut}) => `<th>${escapeMarkup(iut)}</th>`).join('');
  const broken = reports.flatMap(({results}) => results.filter(({verdict}) => verdict !== 'pass'));
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Conformance</title><style>${style}</style>
<h1>Conformance of PV drivers</h1>
<table><tr><th>protocol</th><th>clauses</th><th>with a check</th>${iuts}</tr>
${matrices.map(summaryRow).join('\n')}
</table>
<table><tr><th>clause</th><th>severity</th><th>rule</th>${iuts}</tr>
${matrices.map(protocolRows).join('\n')}
</table>
${broken.map(traceOf).join('\n')}
</html>
`;
};
