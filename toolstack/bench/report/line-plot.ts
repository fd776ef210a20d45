import * as Plot from '@observablehq/plot';
import {drivers} from '../drivers/index.ts';
import {formatFigure} from '../figures.ts';
import type {DonePoint} from '../result.ts';
import {document, formatTick, HEAD_GAP, style, WIDTH} from './canvas.ts';
import {headHeight, type Swatch, withHead} from './legend.ts';
import {colorsOf} from './palette.ts';

export const HEIGHT = 340;
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

const uniqueOf = (values: readonly number[]): number[] => [...new Set(values)].sort((a, b) => a - b);
