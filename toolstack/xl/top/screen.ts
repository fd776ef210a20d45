import type {TopSample} from '../../host/top.ts';
import {COLUMNS, rowsOf, type TopRow} from './columns.ts';
import {tableLines, type TopView} from './table.ts';

const REVERSE = '\u001B[7m';
const PLAIN = '\u001B[m';
/** Keys by their first letters. */
const KEYS = '  Delay  Networks  vBds  VCPUs  Counters  Repeat header  Sort order  Quit';

export interface ScreenSize {
  readonly rows: number;
  readonly columns: number;
}

/** Everything on the screen: lines that fit, the last of them the keys, or a question. */
export const screenLines = (
  sample: TopSample,
  before: TopSample | undefined,
  view: TopView,
  {rows, columns}: ScreenSize,
  options: {clock: string; question?: string},
): string[] => {
  const fit = (text: string): string => text.slice(0, columns);
  const table = rowsOf(sample, before);
  const body = [
    ...summaryLines(sample, table, view, options.clock).map(fit),
    ...tableLines(table, view).map(({text, isTitle}) =>
      isTitle ? `${REVERSE}${fit(text.padEnd(columns))}${PLAIN}` : fit(text),
    ),
  ].slice(0, Math.max(0, rows - 1));
  while (body.length < rows - 1) body.push('');
  return [...body, fit(options.question ?? KEYS)];
};

const summaryLines = (
  {xenVersion, totalMemoryKib, freeMemoryKib, nrCpus, domains}: TopSample,
  table: readonly TopRow[],
  {sortColumn}: TopView,
  clock: string,
): string[] => {
  const count = (is: (row: TopRow) => boolean): number => table.filter(is).length;
  const order = sortColumn === undefined ? '' : `   by ${COLUMNS[sortColumn].title}`;
  return [
    `xentop - ${clock}   Xen ${xenVersion}${order}`,
    `${domains.length} domains: ${count(({running}) => running)} running, ${count(({blocked}) => blocked)} blocked, ` +
      `${count(({paused}) => paused)} paused, ${count(({crashed}) => crashed)} crashed, ` +
      `${count(({dying}) => dying)} dying, ${count(({shutdown}) => shutdown)} shutdown`,
    `Mem: ${totalMemoryKib}k total, ${totalMemoryKib - freeMemoryKib}k used, ${freeMemoryKib}k free    CPUs: ${nrCpus}`,
  ];
};
