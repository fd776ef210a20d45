import {packageVersion} from '../../daemon/version.ts';
import {benchSetups, type BenchSetup, DEFAULT_SETUP, findSetup} from '../bench-setup.ts';
import type {ModelTerms} from '../model-point.ts';
import type {BenchPoint} from '../point.ts';
import {type BenchResults, RESULT_VERSION} from '../result.ts';
import {runPoints} from '../run-points.ts';
import {commandOf} from './command-line.ts';
import {checkoutCommit} from './commit.ts';
import {priceListOf} from './price.ts';
import {showProgress} from './progress.ts';
import {type Selection, selectPoints} from './select.ts';
import {formatResults} from './table.ts';
import {usage} from './usage.ts';
import {demandWritable, writeText} from './write-file.ts';

const EXIT_INCOMPLETE = 1;
const MAX_SEED = 0xffff_ffff;
/** Where `pvsim image build debian` puts one. */
const DEFAULT_IMAGE = 'debian';

export interface BenchCommand extends Selection {
  readonly price?: string;
  readonly setup?: string;
  readonly seed: number;
  /** File for the report. */
  readonly report?: string;
  /** File for the picture of all throughputs. */
  readonly plot?: string;
  /** File for the results, or "" for stdout in place of the table. */
  readonly json?: string;
  /** A Linux guest in place of ours: the directory of its image, "debian" for "". */
  readonly linux?: string;
}

/** `pvsim bench`. Exit status 1 when points are missing: what there is, is written and marked. */
export const runBench = async (command: BenchCommand): Promise<void> => {
  const {seed, report, plot, json, linux} = command;
  if (!Number.isInteger(seed) || seed < 0 || seed > MAX_SEED) throw usage(`--seed ${seed}: 0..${MAX_SEED} is due`);
  if (linux !== undefined)
    return (await import('./run-linux.ts')).runLinuxBench({linux: linux || DEFAULT_IMAGE, seed, json});
  const terms = {list: priceListOf(command.price), setup: setupOf(command.setup)};
  const {points, leftOut} = selectPoints(command);
  for (const reason of leftOut) process.stderr.write(`pvsim bench: left out: ${reason}\n`);
  for (const file of [report, plot, json]) if (file) demandWritable(file);
  const results = await run(points, command, terms);
  const text = `${JSON.stringify(results)}\n`;
  process.stdout.write(json === '' ? text : formatResults(results));
  if (json) writeText(json, text);
  if (report !== undefined) writeText(report, (await import('../report/html.ts')).htmlReport(results));
  if (plot !== undefined) writeText(plot, (await import('../report/main-plot.ts')).mainPlot(results));
  if (!results.complete) process.exitCode = EXIT_INCOMPLETE;
};

const setupOf = (name: string | undefined): BenchSetup => {
  if (name === undefined) return DEFAULT_SETUP;
  const setup = findSetup(name);
  if (setup !== undefined) return setup;
  throw usage(`--setup ${name}: there are ${benchSetups.map((each) => each.name).join(', ')}`);
};

const run = async (
  points: readonly BenchPoint[],
  command: BenchCommand,
  {list, setup}: ModelTerms,
): Promise<BenchResults> => {
  const interrupt = new AbortController();
  const onSignal = (): void => interrupt.abort();
  process.once('SIGINT', onSignal);
  const progress = showProgress(points.length);
  const {seed} = command;
  const {signal} = interrupt;
  const results = await runPoints({
    points,
    seed,
    price: list.name,
    setup: setup.name,
    onResult: progress.onResult,
    signal,
  });
  progress.stop();
  process.removeListener('SIGINT', onSignal);
  return {
    format: 'pvsim-bench',
    version: RESULT_VERSION,
    pvsim: packageVersion(),
    commit: checkoutCommit(),
    node: process.versions.node,
    command: commandOf(command),
    seed,
    complete: results.every(({state}) => state === 'done'),
    priceList: {name: list.name, source: list.source, prices: list.tags},
    setup: {name: setup.name, what: setup.what},
    results,
  };
};
