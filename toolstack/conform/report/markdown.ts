import {type ConformReport, explanation} from './report.ts';
import {isJudged, type MatrixColumn, type ProtocolMatrix, protocolMatrices} from './matrix.ts';
import {type Standing, standingOf} from './standing.ts';

const RULE_CHARS = 96;
const NOTE_CHARS = 240;

/** The best first. */
const signs: Readonly<Record<Standing, string>> = {
  pass: '✓',
  inconclusive: '?',
  deviates: '≠',
  fail: '✗',
  error: '!',
  'not applicable': '',
  'no check yet': '·',
};

const legend = `✓ pass, ? inconclusive, ≠ deviates from a profile that was not asked for, ✗ fail, ! error, · no check; empty: not this
implementation's to keep.`;

/** Tables for the documentation: counts of each protocol, then a line a clause, and what was seen where it is no pass. */
export const markdownMatrix = (reports: readonly ConformReport[]): string => {
  const matrices = protocolMatrices(reports);
  return [legend, summary(reports, matrices), ...matrices.map(protocolSection)].join('\n\n') + '\n';
};

const summary = (reports: readonly ConformReport[], matrices: readonly ProtocolMatrix[]): string => {
  const all = reports.map(({iut, profiles}, i) => ({
    iut,
    profiles,
    standings: matrices.flatMap(({columns}) => columns[i].standings),
    isJudged: true,
  }));
  const counts = (title: string, columns: readonly MatrixColumn[]): string[] => {
    const {standings} = columns[0];
    const unchecked = standings.filter(({standing}) => standing === 'no check yet').length;
    return [title, String(standings.length), String(standings.length - unchecked), ...columns.map(countCell)];
  };
  return table(
    ['protocol', 'clauses', 'with a check', ...reports.map(({iut}) => iut)],
    [
      ...matrices.map(({protocol, columns}) => counts(`[${protocol}](#${protocol.toLowerCase()})`, columns)),
      counts('all', all),
    ],
  );
};

/** "40 ✓ 2 ?" */
const countCell = ({standings}: MatrixColumn): string =>
  Object.entries(signs)
    .map(([each, sign]) => ({sign, count: standings.filter((own) => isJudged(own) && own.standing === each).length}))
    .filter(({count}) => count > 0)
    .map(({sign, count}) => `${count} ${sign}`)
    .join(' ');

const protocolSection = ({protocol, columns}: ProtocolMatrix): string => {
  const shown = columns.filter((column) => column.isJudged);
  const rows = columns[0].standings.map(({clause: {id, severity, rule}}, row) => {
    // What nobody judges is told once.
    const cells = (shown.length === 0 ? columns.slice(0, 1) : shown).map(
      ({standings}) => signs[standings[row].standing],
    );
    return [id, severity, cellText(shorten(rule, RULE_CHARS)), ...cells];
  });
  const heads = shown.length === 0 ? [''] : shown.map(({iut}) => iut);
  const parts = [`## ${protocol}`, table(['clause', 'severity', 'rule', ...heads], rows)];
  const notes = shown.flatMap(notesOf);
  return [...parts, ...(notes.length === 0 ? [] : [notes.join('\n')])].join('\n\n');
};

const notesOf = ({iut, profiles, standings}: MatrixColumn): string[] =>
  standings
    .flatMap(({results}) => results)
    .filter(({verdict}) => verdict !== 'pass')
    .map((result) => {
      const [first] = explanation(result).split('\n');
      return `- ${signs[standingOf(result, profiles)]} ${cellText(shorten(`${iut}, ${result.check}: ${first}`, NOTE_CHARS))}`;
    });

const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string =>
  [heads, heads.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** Ends with a word. */
const shorten = (text: string, chars: number): string =>
  text.length <= chars ? text : `${text.slice(0, chars).replace(/\W*\s\S*$/, '')} ...`;

/** Underscores within a word are no markup. */
const cellText = (text: string): string =>
  text.replaceAll('<', '&lt;').replaceAll(/[|*`[\]\\]|\b_|_\b/g, String.raw`\$&`);
