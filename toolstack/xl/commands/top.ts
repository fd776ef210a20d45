import {setTimeout as sleep} from 'node:timers/promises';
import {ToolstackError} from '../../errors.ts';
import type {TopSample} from '../../host/top.ts';
import type {Options, Run, Xl} from '../command.ts';
import {rowsOf} from '../top/columns.ts';
import {LiveTop} from '../top/live-top.ts';
import {tableLines, type TopView} from '../top/table.ts';

const MS_PER_S = 1000;
const DEFAULT_DELAY_S = 3;

/** With the options of xentop: without a terminal, or with -b, it prints tables. @see xentop(1) */
export const run: Run = async (xl, options) => {
  const delayS = positive(options, 'd') ?? DEFAULT_DELAY_S;
  const iterations = positive(options, 'i');
  const view: TopView = {
    networks: options.has('n'),
    vbds: options.has('x'),
    vcpus: options.has('v'),
    counters: options.has('c'),
    repeatHeader: options.has('r'),
    fullNames: options.has('f'),
    dom0First: options.has('z'),
  };
  const client = await xl.client();
  const sample = (): Promise<TopSample> => client.call('host.top', {});
  const {stdin, stdout} = process;
  if (options.has('b') || !stdin.isTTY || !stdout.isTTY) await batch(xl, sample, view, {delayS, iterations});
  else await new LiveTop({input: stdin, output: stdout, sample, view, delayS, iterations}).ended;
  return 0;
};

const positive = (options: Options, letter: string): number | undefined => {
  if (!options.has(letter)) return undefined;
  const value = Number(options.value(letter));
  if (value > 0 && Number.isFinite(value)) return value;
  throw new ToolstackError('EINVAL', `xl: top: -${letter} must be a number above 0`);
};

const batch = async (
  xl: Xl,
  sample: () => Promise<TopSample>,
  view: TopView,
  {delayS, iterations = Infinity}: {delayS: number; iterations: number | undefined},
): Promise<void> => {
  let before: TopSample | undefined;
  for (let left = iterations; left > 0; left--) {
    const now = await sample();
    const lines = tableLines(rowsOf(now, before), view);
    xl.out(lines.map(({text}) => `${text}\n`).join(''));
    before = now;
    if (left > 1) await sleep(delayS * MS_PER_S);
  }
};
