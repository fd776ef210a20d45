import {formatSize} from '../figures.ts';
import type {BenchPoint, DeviceName, Operation} from '../point.ts';
import type {DonePoint} from '../result.ts';
import {barPlot} from './bar-plot.ts';
import {linePlot} from './line-plot.ts';
import {costGroups} from './palette.ts';

/** Where drivers are compared by what they do for one I/O. */
const referenceBytes: Readonly<Record<DeviceName, number>> = {block: 4096, net: 1514, console: 80, scsi: 4096};

/** Sweeps over a dimension that are drawn. */
const MAX_SWEEPS = 2;

type Dimension = 'sizeBytes' | 'depth' | 'queues' | 'guests';

interface DimensionAxis {
  readonly name: string;
  readonly label: string;
  readonly format?: (value: number) => string;
}

const dimensions: Readonly<Record<Dimension, DimensionAxis>> = {
  sizeBytes: {name: 'size', label: 'size of an I/O', format: formatSize},
  depth: {name: 'depth', label: 'I/Os under way at once'},
  queues: {name: 'queues', label: 'queues'},
  guests: {name: 'guests', label: 'guests'},
};

interface Quantity {
  readonly name: string;
  readonly unit: string;
  readonly value: (point: DonePoint) => number;
}

const throughput: Quantity = {
  name: 'throughput',
  unit: 'MB/s',
  value: ({modelled, point}) => (modelled.throughputPerSec * point.sizeBytes) / 1e6,
};
const rate: Quantity = {
  name: 'rate',
  unit: 'thousand I/Os a second',
  value: ({modelled}) => modelled.throughputPerSec / 1e3,
};
const latency: Quantity = {name: 'latency', unit: 'µs', value: ({modelled}) => modelled.latencyNs / 1e3};

/** What is drawn over each dimension. */
const drawn: readonly (readonly [Dimension, Quantity])[] = [
  ['sizeBytes', throughput],
  ['sizeBytes', latency],
  ['depth', rate],
  ['depth', latency],
  ['queues', rate],
  ['guests', rate],
];

/** Plots of what was done with a device, each a whole SVG. */
export const devicePlots = (points: readonly DonePoint[], list: string): string[] =>
  operationsOf(points).flatMap((operation) => {
    const own = points.filter(({point}) => point.operation === operation);
    const over = (...wanted: readonly Dimension[]): string[] =>
      drawn
        .filter(([dimension]) => wanted.includes(dimension))
        .flatMap(([dimension, quantity]) =>
          sweepsOver(dimension, own)
            .slice(0, MAX_SWEEPS)
            .map((sweep) => lineOver(dimension, quantity, sweep, list)),
        );
    const bars = [countBars(own), priceBars(own, list)].filter((svg) => svg !== undefined);
    return [...over('sizeBytes'), ...bars, ...over('depth', 'queues', 'guests')];
  });

/** Throughput over size of every device and operation. */
export const mainPlots = (points: readonly DonePoint[], list: string): string[] =>
  [...new Set(points.map(({point}) => point.device))].flatMap((device) => {
    const own = points.filter(({point}) => point.device === device);
    return operationsOf(own).flatMap((operation) => {
      const sweeps = sweepsOver(
        'sizeBytes',
        own.filter(({point}) => point.operation === operation),
      );
      return sweeps.slice(0, 1).map((sweep) => lineOver('sizeBytes', throughput, sweep, list));
    });
  });

const operationsOf = (points: readonly DonePoint[]): Operation[] => [
  ...new Set(points.map(({point}) => point.operation)),
];

const lineOver = (
  dimension: Dimension,
  {name, unit, value}: Quantity,
  sweep: readonly DonePoint[],
  list: string,
): string => {
  const {device, operation} = sweep[0].point;
  return linePlot({
    title: `${device} ${operation}: ${name} over ${dimensions[dimension].name}, by ${list}${fixedText(dimension, sweep[0].point)}`,
    points: sweep,
    x: {...dimensions[dimension], value: ({point}) => point[dimension]},
    y: {label: unit, value},
  });
};

/** Sets of points that differ in that dimension alone, and in their drivers; the largest first. */
const sweepsOver = (dimension: Dimension, points: readonly DonePoint[]): DonePoint[][] => {
  const sets = new Map<string, DonePoint[]>();
  for (const point of points) {
    const key = othersOf(dimension, point.point);
    sets.set(key, [...(sets.get(key) ?? []), point]);
  }
  const valuesOf = (set: readonly DonePoint[]): number => new Set(set.map(({point}) => point[dimension])).size;
  const most = Math.max(...[...sets.values()].map(valuesOf));
  // Where one is a sweep, two values of another are there by chance.
  const least = Math.max(2, Math.min(3, most));
  return [...sets.values()].filter((set) => valuesOf(set) >= least).sort((a, b) => b.length - a.length);
};

const othersOf = (dimension: Dimension, point: BenchPoint): string =>
  (Object.keys(dimensions) as Dimension[])
    .filter((other) => other !== dimension)
    .map((other) => point[other])
    .join(' ');

/** What is the same all over a plot and not 1. */
const fixedText = (dimension: Dimension, point: BenchPoint): string => {
  const texts = (['sizeBytes', 'depth', 'queues', 'guests'] as const)
    .filter((other) => other !== dimension && point[other] !== 1)
    .map((other) => (other === 'sizeBytes' ? formatSize(point.sizeBytes) : `${other} ${point[other]}`));
  return texts.length === 0 ? '' : `, ${texts.join(', ')}`;
};

/** Points that drivers are compared by, one each. */
const referencePoints = (points: readonly DonePoint[]): {name: string; point: DonePoint}[] =>
  points
    .filter(({point}) => point.sizeBytes === referenceBytes[point.device])
    .filter(({point}) => point.depth === 1 && point.queues === 1 && point.guests === 1)
    .map((point) => ({name: point.point.driver, point}));

const countBars = (points: readonly DonePoint[]): string | undefined => {
  const bars = referencePoints(points);
  if (bars.length === 0) return undefined;
  const {device, operation, sizeBytes} = bars[0].point.point;
  return barPlot({
    title: `${device} ${operation}: the ledger of an I/O of ${formatSize(sizeBytes)}, counted`,
    label: 'exits, interrupts, events and grant operations an I/O, guest and dom0',
    bars,
    groups: costGroups,
    value: ({counted}, {happens}) =>
      happens.reduce((sum, name) => sum + (counted.front[name] ?? 0) + (counted.back[name] ?? 0), 0),
  });
};

const priceBars = (points: readonly DonePoint[], list: string): string | undefined => {
  const bars = referencePoints(points);
  if (bars.length === 0) return undefined;
  const {device, operation, sizeBytes} = bars[0].point.point;
  return barPlot({
    title: `${device} ${operation}: what an I/O of ${formatSize(sizeBytes)} costs by ${list}`,
    label: 'µs an I/O, guest, dom0 and waiting',
    bars,
    groups: costGroups,
    value: ({modelled}, {costs}) => costs.reduce((sum, name) => sum + (modelled.parts[name] ?? 0), 0) / 1e3,
  });
};
