import type {Certainty} from '../../../hypervisor/cost/index.ts';
import {BAR, type Comparison, isNear, type JudgedCell, type JudgedRatio, type JudgedTable, tried} from './judge.ts';
import type {PaperTable} from './paper-table.ts';

export interface Printed {
  readonly table: PaperTable;
  readonly judged: JudgedTable;
}

const SIGNIFICANT = 4;

/** A judged table as text, for a terminal and for the docs. */
export const formatTable = ({table, judged}: Printed): string =>
  [
    `${table.id}: ${table.claim}`,
    `source: ${table.source} (${table.certainty})`,
    `modelled with the price list ${judged.priceList}`,
    ...table.setups.map(({name, ghz, what, source}) => `setup ${name}, ${ghz} GHz: ${what} (${source})`),
    ...table.software.map(
      ({name, cycles, ns, source}) =>
        `software ${name}: ${ns > 0 ? `${ns} ns` : `${cycles} cycles`} (fitted: ${source})`,
    ),
    `counted: ${table.counts}`,
    '',
    ...columns([
      [table.unit, 'published', 'modelled', 'ratio', 'residual', ''],
      ...judged.cells.map((cell) => [...numbers(cell), remark(cell, table.certainty)]),
    ]),
    ...ratioLines(judged),
    '',
    ...judged.shapes.map(({says, holds}) => `${holds ? 'holds' : 'fails'}: ${says}`),
    `verdict: ${verdict(judged)}`,
    `the model lacks: ${table.lacks}`,
  ]
    .map((line) => line.trimEnd())
    .join('\n');

const ratioLines = ({ratios}: JudgedTable): string[] => {
  if (ratios.length === 0) return [];
  const rows = ratios.map((ratio) => [...numbers(ratio), ratioRemark(ratio)]);
  return ['', ...columns([['ratios', 'published', 'modelled', 'ratio', 'residual', ''], ...rows])];
};

/** Every table in two lines. */
export const formatSummary = (printed: readonly Printed[]): string =>
  printed
    .flatMap(({table: {id, claim, source, certainty}, judged}) => [
      `${id.padEnd(4)}${claim}`,
      `    ${source} (${certainty}), modelled with ${judged.priceList}: ${verdict(judged)}`,
    ])
    .join('\n');

/** "6 of 6 ratios within 20 %, worst -12 %; 3 of 3 shapes hold" */
const verdict = (judged: JudgedTable): string => {
  const {shapes, worst} = judged;
  const ratios = tried(judged);
  const near = ratios.filter(isNear).length;
  const held = shapes.filter(({holds}) => holds).length;
  const ofRatios =
    ratios.length > 0 ? [`${near} of ${ratios.length} ratios within ${percent(BAR)}, worst ${signed(worst)}`] : [];
  return [...ofRatios, `${held} of ${shapes.length} shapes hold`].join('; ');
};

const numbers = ({
  name,
  published,
  modelled,
  residual,
}: Omit<JudgedCell, 'certainty' | 'isFitted'> | Comparison): string[] => [
  name,
  published === undefined ? '-' : number(published),
  number(modelled),
  published === undefined ? '-' : (modelled / published).toFixed(2),
  residual === undefined ? '-' : signed(residual),
];

const ratioRemark = (ratio: JudgedRatio): string => {
  if (ratio.isFitted) return 'fitted';
  return isNear(ratio) ? '' : `outside ${percent(BAR)}`;
};

const remark = ({isFitted, certainty}: JudgedCell, tableCertainty: Certainty): string =>
  [...(isFitted ? ['fitted'] : []), ...(certainty === tableCertainty ? [] : [certainty])].join(', ');

const number = (value: number): string => String(Number(value.toPrecision(SIGNIFICANT)));

const percent = (part: number): string => `${Math.round(part * 100)} %`;

const signed = (part: number): string => `${Math.round(part * 100) < 0 ? '-' : '+'}${percent(Math.abs(part))}`;

/** The first column to the left, the others to the right but for the last. */
const columns = (rows: readonly (readonly string[])[]): string[] => {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((row) => row[i].length)));
  return rows.map((row) =>
    row
      .map((text, i) => (i === 0 || i === row.length - 1 ? text.padEnd(widths[i]) : text.padStart(widths[i])))
      .join('  '),
  );
};
