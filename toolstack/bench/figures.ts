import {mean, sampleStandardDeviation} from 'simple-statistics';
import {exitNames, type PrimitiveName} from '../../hypervisor/cost/index.ts';
import type {DonePoint} from './result.ts';

/** A column of a table of results: its heading, its unit, and the figure of a point. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  readonly value: (point: DonePoint) => number;
}

type Side = keyof DonePoint['counted'];

const countOf =
  (side: Side, ...names: readonly PrimitiveName[]) =>
  ({counted}: DonePoint): number =>
    names.reduce((sum, name) => sum + (counted[side][name] ?? 0), 0);

const onBothSides =
  (...names: readonly PrimitiveName[]) =>
  (point: DonePoint): number =>
    countOf('front', ...names)(point) + countOf('back', ...names)(point);

/** What the ledger has of an I/O. */
export const countedFigures: readonly Figure[] = [
  {name: 'exits', unit: '', value: countOf('front', ...exitNames)},
  {name: 'to model', unit: '', value: countOf('front', 'ioreq')},
  {name: 'interrupts', unit: '', value: countOf('front', 'irq', 'upcall')},
  {name: 'dom0 hypercalls', unit: '', value: countOf('back', 'hypercall')},
  {name: 'grants', unit: '', value: onBothSides('grantMap', 'grantCopy')},
  {name: 'copied', unit: 'B', value: onBothSides('grantCopyBytes', 'memcpyBytes')},
];

/** What a price list makes of it. */
export const modelledFigures: readonly Figure[] = [
  {name: 'latency', unit: 'µs', value: ({modelled}) => modelled.latencyNs / 1e3},
  {name: 'I/Os', unit: 'k/s', value: ({modelled}) => modelled.throughputPerSec / 1e3},
  {name: 'throughput', unit: 'MB/s', value: ({modelled, point}) => (modelled.throughputPerSec * point.sizeBytes) / 1e6},
];

/** What pvsim itself took on this machine. */
export const measuredFigures: readonly Figure[] = [
  {name: 'host', unit: 'µs', value: ({measured}) => mean(measured.hostNsPerIo) / 1e3},
  {name: '+-', unit: 'µs', value: ({measured}) => sampleStandardDeviation(measured.hostNsPerIo) / 1e3},
];

/** Three digits that count, fewer below 1. */
export const formatFigure = (value: number): string => {
  if (value === 0) return '0';
  if (value >= 100) return value.toFixed(0);
  if (value >= 10) return value.toFixed(1);
  return value >= 0.1 ? value.toFixed(2) : String(Number(value.toPrecision(2)));
};

export const formatSize = (bytes: number): string => {
  if (bytes >= 2 ** 20 && bytes % 2 ** 20 === 0) return `${bytes / 2 ** 20} MiB`;
  return bytes >= 1024 && bytes % 1024 === 0 ? `${bytes / 1024} KiB` : `${bytes} B`;
};
