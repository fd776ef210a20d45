import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import test from 'ava';
import {clauseOf, clauses} from '../../toolstack/conform/catalogue/index.ts';
import {checks} from '../../toolstack/conform/checks/index.ts';
import {printMatrix} from '../../toolstack/conform/cli/matrix.ts';
import {
  type ConformReport,
  formats,
  joinReports,
  matrixFormats,
  parseSavedReports,
} from '../../toolstack/conform/report/index.ts';
import type {Result} from '../../toolstack/conform/verdict.ts';
import {temporaryDirectory} from '../support/temporary.ts';

const result = (iut: string, check: string, more: Partial<Result>): Result => ({
  iut,
  check,
  clause: check.split(' ')[0],
  subject: check.split(' ')[1],
  verdict: 'pass',
  runs: 2,
  wallMs: 1,
  ...more,
});

const report = (iut: string, ids: readonly string[], results: readonly Result[]): ConformReport => ({
  iut,
  seed: 1,
  profiles: [],
  clauses: ids.map((id) => clauseOf(id)!),
  checks: results,
  results,
});

const fault: Partial<Result> = {
  verdict: 'fail',
  seen: '<b>|5',
  due: '4',
  seed: '7:0.2',
  steps: [{timeNs: 12, who: 'peer', what: 'puts <5>'}],
};

/** As after `--format json`. */
const saved = (...reports: readonly ConformReport[]): ConformReport[] =>
  parseSavedReports('report.json', formats.json(reports));

const ours = report(
  'ours',
  ['RING-LAY-01', 'RING-LAY-02', 'XS-WIRE-01'],
  [result('ours', 'RING-LAY-01 backend/vbd', {}), result('ours', 'XS-WIRE-01 xenstored', {})],
);
const store = report('store', ['XS-WIRE-01'], [result('store', 'XS-WIRE-01 xenstored', fault)]);
const more = report(
  'ours',
  ['XENBUS-LIFE-01'],
  [result('ours', 'XENBUS-LIFE-01 frontend/vbd', {verdict: 'inconclusive'})],
);

test('a saved report is read back as it was', (t) => {
  t.is(formats.json(saved(ours, store)), formats.json([ours, store]));
});

test('reports are joined to clauses by implementations, and those of one implementation to one column', (t) => {
  const lines = matrixFormats.markdown(joinReports([...saved(store), ...saved(ours, more)])).split('\n');
  const row = (start: string): string | undefined => lines.find((line) => line.startsWith(start));
  t.is(row('| protocol'), '| protocol | clauses | with a check | store | ours |');
  t.is(row('| [RING]'), '| [RING](#ring) | 2 | 1 |  | 1 ✓ |');
  t.is(row('| [XS]'), '| [XS](#xs) | 1 | 1 | 1 ✗ | 1 ✓ |');
  t.is(row('| all'), '| all | 4 | 3 | 1 ✗ | 2 ✓ 1 ? |');
  t.regex(row('| RING-LAY-01')!, /^\| RING-LAY-01 \| MUST \| Shared ring header .* \.\.\. \| ✓ \|$/);
  t.regex(row('| RING-LAY-02')!, / · \|$/);
  t.regex(row('| XS-WIRE-01')!, / ✗ \| ✓ \|$/);
  t.is(row('- '), String.raw`- ✗ store, XS-WIRE-01 xenstored: &lt;b>\|5; due: 4`);
});

test('a report is called as the command says, and the matrix goes into a file', (t) => {
  const [file, out] = ['report.json', 'matrix.md'].map((name) => join(temporaryDirectory(t), name));
  writeFileSync(file, formats.json([ours]));
  printMatrix({reports: [file, `Linux 6.1=${file}`], format: 'markdown', out});
  t.regex(readFileSync(out, 'utf8'), /^\| all \| 3 \| 2 \| 2 ✓ \| 2 ✓ \|$/m);
  t.regex(readFileSync(out, 'utf8'), /^\| clause \| severity \| rule \| ours \| Linux 6\.1 \|$/m);
  t.throws(() => printMatrix({reports: ['missing.json'], format: 'html'}), {
    message: /missing\.json/,
    name: 'ToolstackError',
  });
});

test('each cell of the page that is no pass leads to its trace', (t) => {
  const page = matrixFormats.html(joinReports(saved(ours, store, more)));
  const anchors = Array.from(page.matchAll(/href="#([^"]*)"/g), ([, anchor]) => anchor);
  t.deepEqual(anchors, ['RING', 'XS', 'XENBUS', 'store-XS-WIRE-01-xenstored', 'ours-XENBUS-LIFE-01-frontend-vbd']);
  for (const anchor of anchors) t.is(page.split(` id="${anchor}"`).length, 2, anchor);
  t.regex(page, /12 peer puts &lt;5&gt;/);
});

test('a file that is no report is refused in a line', (t) => {
  const unknown = formats.json([ours]).replaceAll('RING-LAY-02', 'RING-LAY-99');
  const cases: [text: string, message: RegExp][] = [
    ['{', /^pvsim: x\.json: no report/],
    ['[]', /no report/],
    ['null', /no report/],
    ['[{"iut": "a", "profiles": [], "clauses": [null]}]', /no report/],
    [formats.json([store]).replace('"verdict": "fail"', '"verdict": 5'), /no report/],
    [unknown, /^pvsim: x\.json: clause "RING-LAY-99" is not in the catalogue$/],
  ];
  for (const [text, message] of cases)
    t.throws(() => parseSavedReports('x.json', text), {message, name: 'ToolstackError'}, text);
});

/** Column `pvsim` of docs/conformance-matrix.md; of a protocol without checks the only one. */
const documented = (): Map<string, string> => {
  const rows = readFileSync('docs/conformance-matrix.md', 'utf8')
    .split('\n')
    .map((line) => line.split(/(?<!\\)\|/).map((cell) => cell.trim()));
  return new Map(rows.filter(([, id]) => clauseOf(id ?? '') !== undefined).map(([, id, , , sign]) => [id, sign]));
};

test('the documented matrix has every clause, and a verdict of our own for each that has a check', (t) => {
  const checked = new Set(checks.map(({clause}) => clause));
  const signs = documented();
  t.deepEqual(
    [...signs.keys()],
    clauses.map(({id}) => id),
    'npm run matrix',
  );
  const judged = new Set<string | undefined>(['✓', '?', '≠']);
  const wrong = clauses.filter(({id}) => (checked.has(id) ? !judged.has(signs.get(id)) : signs.get(id) !== '·'));
  t.deepEqual(
    wrong.map(({id}) => id),
    [],
    'another verdict than "no check" for what has one, and the other way round: npm run matrix',
  );
});
