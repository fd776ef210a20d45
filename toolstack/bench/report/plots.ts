import * as Plot from '@observablehq/plot';
import {parseHTML} from 'linkedom';
import {drivers} from '../drivers/index.ts';
import {formatFigure} from '../figures.ts';
import type {DonePoint} from '../result.ts';
import {headHeight, type Swatch, withHead} from './legend.ts';
import {colorsOf, type CostGroup} from './palette.ts';

export const WIDTH = 560;
export const HEIGHT = 340;
const BAR_HEIGHT = 34;
/** Between a legend and its plot. */
const HEAD_GAP = 14;
/** A bar so much longer than the others is cut. */
const MOST_LONGER = 4;
/** An axis spans this factor at least. */
const LEAST_SPAN = 4;
const MAX_DECADES = 2;

interface Axis {
  /** With its unit. */
  readonly label: string;
  readonly value: (point: DonePoint) => number;
  readonly format?: (value: number) => string;
}

export interface LinePlot {
  readonly title: string;
  /** Of one device and one operation. */
  readonly points: readonly DonePoint[];
  readonly x: Axis;
  readonly y: Axis;
}

export interface BarPlot {
  readonly title: string;
  readonly label: string;
  readonly bars: readonly {readonly name: string; readonly point: DonePoint}[];
  readonly groups: readonly CostGroup[];
  readonly value: (point: DonePoint, group: CostGroup) => number;
}

const {document} = parseHTML('<!doctype html><html><body></body></html>');
const style = {fontSize: '12px', fontFamily: 'system-ui, sans-serif', background: 'none', overflow: 'visible'};

/** A line a driver over logarithmic axes, as SVG; its ink is currentColor. */
export const linePlot = ({title, points, x, y}: LinePlot): string => {
  const swatches = driverSwatches(points);
  const rows = points
    .map((point) => {
      const {driver} = point.point;
      const [xValue, yValue] = [x.value(point), y.value(point)];
      const title = `${driver}, ${formatX(x, xValue)}: ${formatFigure(yValue)} ${y.label}`;
      return {driver, x: xValue, y: yValue, title};
    })
    .sort((a, b) => a.x - b.x);
  const domain = paddedExtent(rows.map((row) => row.y));
  const svg = Plot.plot({
    document,
    style,
    width: WIDTH,
    height: HEIGHT,
    marginTop: headHeight(swatches, WIDTH) + HEAD_GAP,
    marginLeft: 62,
    marginRight: 24,
    marginBottom: 46,
    x: {
      type: 'log',
      base: 2,
      label: x.label,
      labelAnchor: 'center',
      labelArrow: 'none',
      labelOffset: 42,
      ticks: uniqueOf(rows.map((row) => row.x)),
      tickFormat: (value: number) => formatX(x, value),
    },
    y: {
      type: 'log',
      label: y.label,
      labelAnchor: 'center',
      labelArrow: 'none',
      labelOffset: 54,
      grid: true,
      domain,
      ticks: ticksWithin(domain),
      tickFormat: formatTick,
    },
    color: {domain: swatches.map(({name}) => name), range: swatches.map(({color}) => color)},
    marks: [
      Plot.lineY(rows, {x: 'x', y: 'y', z: 'driver', stroke: 'driver', strokeWidth: 2.2}),
      Plot.dot(rows, {x: 'x', y: 'y', fill: 'driver', r: 4, title: 'title'}),
    ],
  });
  return withHead(svg.outerHTML, title, swatches, WIDTH);
};

/** A bar a driver, in parts, with its sum behind it. One that is far longer than the others is cut. */
export const barPlot = ({title, label, bars, groups, value}: BarPlot): string => {
  const rows = bars.flatMap(({name, point}) =>
    groups.map((group) => ({name, group: group.name, value: value(point, group)})).filter((row) => row.value > 0),
  );
  const sums = bars.map(({name}) => ({
    name,
    sum: rows.filter((row) => row.name === name).reduce((sum, row) => sum + row.value, 0),
  }));
  const limit = lengthShown(sums.map(({sum}) => sum));
  const used = groups.filter(({name}) => rows.some((row) => row.group === name));
  const top = headHeight(used, WIDTH) + HEAD_GAP;
  const svg = Plot.plot({
    document,
    style,
    width: WIDTH,
    height: top + bars.length * BAR_HEIGHT + 50,
    marginTop: top,
    marginLeft: 104,
    marginRight: 84,
    marginBottom: 46,
    x: {
      label,
      labelAnchor: 'center',
      labelArrow: 'none',
      labelOffset: 42,
      grid: true,
      domain: [0, limit],
      ticks: 6,
      tickFormat: formatTick,
    },
    y: {label: null, domain: bars.map(({name}) => name), padding: 0.25},
    color: {domain: used.map(({name}) => name), range: used.map(({color}) => color)},
    marks: [
      Plot.barX(rows, {
        x: 'value',
        y: 'name',
        z: 'group',
        fill: 'group',
        clip: true,
        title: (row: (typeof rows)[number]) => `${row.name}: ${formatFigure(row.value)} ${row.group}`,
        order: used.map(({name}) => name),
      }),
      Plot.text(sums, {
        x: ({sum}: {sum: number}) => Math.min(sum, limit),
        y: 'name',
        text: ({sum}: {sum: number}) => (sum > limit ? `${formatFigure(sum)} (cut)` : formatFigure(sum)),
        textAnchor: 'start',
        dx: 6,
      }),
      Plot.ruleX([0]),
    ],
  });
  return withHead(svg.outerHTML, title, used, WIDTH);
};

/** The longest bar, or a bit more than the next one where that would be lost beside it. */
const lengthShown = (sums: readonly number[]): number => {
  const [longest, next = longest] = sums.toSorted((a, b) => b - a);
  return longest > MOST_LONGER * next ? 1.25 * next : longest;
};

const driverSwatches = (points: readonly DonePoint[]): Swatch[] => {
  const own = drivers.filter(({device}) => device === points[0].point.device);
  return [...colorsOf(own)]
    .filter(([name]) => points.some(({point}) => point.driver === name))
    .map(([name, color]) => ({name, color}));
};

const formatX = ({format = String}: Axis, value: number): string => format(value);

/** With room for marks, and for a line that does not rise to look so. */
const paddedExtent = (values: readonly number[]): readonly [number, number] => {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const room = Math.max(1.25, Math.sqrt((LEAST_SPAN * least) / most));
  return [least / room, most * room];
};

/** 1, 2 and 5 of each power of ten; the powers alone where they are many. */
const ticksWithin = ([least, most]: readonly [number, number]): number[] => {
  const [first, last] = [Math.floor(Math.log10(least)), Math.ceil(Math.log10(most))];
  const steps = last - first > MAX_DECADES ? [1] : [1, 2, 5];
  const decades = Array.from({length: last - first + 1}, (_, i) => 10 ** (first + i));
  return decades
    .flatMap((decade) => steps.map((step) => step * decade))
    .filter((tick) => tick >= least && tick <= most);
};

const formatTick = (value: number): string => {
  if (value >= 1e6) return `${value / 1e6}M`;
  return value >= 1e3 ? `${value / 1e3}k` : String(Number(value.toPrecision(6)));
};

const uniqueOf = (values: readonly number[]): number[] => [...new Set(values)].sort((a, b) => a - b);
