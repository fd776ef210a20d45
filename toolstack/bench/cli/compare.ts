import {type Comparison, compareResults, type ExactChange, type MeasuredChange} from '../compare/changes.ts';
import {demandComparable, readResults} from '../compare/read.ts';
import {formatFigure} from '../figures.ts';
import {type BenchResults, modelNameOf} from '../result.ts';
import {usage} from './usage.ts';

const EXIT_CHANGED = 1;

export interface CompareCommand {
  readonly before: string;
  readonly after: string;
  /** Percent of a measured time that are of no interest. */
  readonly leastChange: number;
}

/** `pvsim bench compare`. Exit status 0 when nothing has changed, 1 when something has. */
export const runCompare = ({before, after, leastChange}: CompareCommand): void => {
  if (!(leastChange >= 0)) throw usage(`--least-change ${leastChange}: percent are due`);
  const [old, now] = [readResults(before), readResults(after)];
  demandComparable(old, now);
  const comparison = compareResults(old, now, leastChange / 100);
  const {compared, counted, modelled, measured} = comparison;
  if (compared === 0) throw usage(`no point is done in both ${before} and ${after}`);
  process.stdout.write(`${before}: ${originOf(old)}\n${after}: ${originOf(now)}\n\n`);
  process.stdout.write(formatComparison(comparison, modelNameOf(old), leastChange));
  if (counted.length + modelled.length + measured.length > 0) process.exitCode = EXIT_CHANGED;
};

const originOf = ({pvsim, commit, node, seed}: BenchResults): string =>
  `pvsim ${pvsim}${commit === undefined ? '' : `, commit ${commit}`}, Node ${node}, seed ${seed}`;

const formatComparison = (comparison: Comparison, list: string, leastChange: number): string => {
  const {compared, unpaired, counted, modelled, measured} = comparison;
  const lines = [
    ...section('COUNTED an I/O', counted.map(exactLine)),
    ...section(`MODELLED by ${list}`, modelled.map(exactLine)),
    ...section('MEASURED, host time with a simultaneous 95 % interval', measured.map(measuredLine)),
    `${compared} points compared${unpaired === 0 ? '' : `, ${unpaired} in one file only`}: ` +
      `${counted.length} counts, ${modelled.length} modelled times and ` +
      `${measured.length} measured times (by more than ${leastChange} %) have changed`,
  ];
  return `${lines.join('\n')}\n`;
};

const section = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [title, ...lines.map((line) => `  ${line}`), ''];

const exactLine = ({point, what, before, after}: ExactChange): string =>
  `${point}: ${what} ${formatFigure(before)} -> ${formatFigure(after)}${before === 0 ? '' : ` (${percent(after / before)})`}`;

const measuredLine = ({point, ratio, low, high}: MeasuredChange): string =>
  `${point}: ${percent(ratio)} [${percent(low)}, ${percent(high)}]`;

const percent = (ratio: number): string => `${ratio >= 1 ? '+' : ''}${((ratio - 1) * 100).toFixed(1)} %`;
