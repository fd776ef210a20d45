import type {TopDomain, TopSample} from '../../host/top.ts';
import {right} from '../printf.ts';

/** A domain with what took a second sample to know. */
export interface TopRow extends TopDomain {
  /** Of one CPU, since the sample before. */
  readonly cpuPercent: number;
  readonly memoryPercent: number;
  readonly maxMemoryPercent: number;
}

export interface Column {
  readonly title: string;
  readonly width: number;
  readonly text: (row: TopRow) => string;
  /** What rows are ordered by, largest first; a text by its letters. */
  readonly key: (row: TopRow) => number | string;
}

const NS_PER_S = 1e9;
const BYTES_PER_KIB = 1024;

const number = (title: string, width: number, value: (row: TopRow) => number): Column => ({
  title,
  width,
  text: (row) => String(Math.floor(value(row))),
  key: value,
});

const percent = (title: string, width: number, value: (row: TopRow) => number): Column => ({
  title,
  width,
  text: (row) => value(row).toFixed(1),
  key: value,
});

const sum = <T>(values: readonly T[], count: (value: T) => number): number =>
  values.reduce((total, value) => total + count(value), 0);

const stateOf = (row: TopRow): string =>
  [
    row.dying ? 'd' : '-',
    row.shutdown ? 's' : '-',
    row.blocked ? 'b' : '-',
    row.crashed ? 'c' : '-',
    row.paused ? 'p' : '-',
    row.running ? 'r' : '-',
  ].join('');

/** xentop's. @see golden/cli/xentop.txt */
export const COLUMNS: readonly Column[] = [
  {title: 'NAME', width: 10, text: ({name}) => name, key: ({name}) => name},
  {title: 'STATE', width: 6, text: stateOf, key: stateOf},
  number('CPU(sec)', 10, ({cpuNs}) => cpuNs / NS_PER_S),
  percent('CPU(%)', 6, ({cpuPercent}) => cpuPercent),
  number('MEM(k)', 10, ({memoryKib}) => memoryKib),
  percent('MEM(%)', 6, ({memoryPercent}) => memoryPercent),
  number('MAXMEM(k)', 10, ({maxMemoryKib}) => maxMemoryKib),
  percent('MAXMEM(%)', 9, ({maxMemoryPercent}) => maxMemoryPercent),
  number('VCPUS', 5, ({vcpuNs}) => vcpuNs.length),
  number('NETS', 4, ({networks}) => networks.length),
  number('NETTX(k)', 8, ({networks}) => sum(networks, ({txBytes}) => txBytes) / BYTES_PER_KIB),
  number('NETRX(k)', 8, ({networks}) => sum(networks, ({rxBytes}) => rxBytes) / BYTES_PER_KIB),
  number('VBDS', 4, ({vbds}) => vbds.length),
  number('VBD_OO', 8, ({vbds}) => sum(vbds, ({full}) => full)),
  number('VBD_RD', 8, ({vbds}) => sum(vbds, ({reads}) => reads)),
  number('VBD_WR', 8, ({vbds}) => sum(vbds, ({writes}) => writes)),
  number('VBD_RSECT', 10, ({vbds}) => sum(vbds, ({readSectors}) => readSectors)),
  number('VBD_WSECT', 10, ({vbds}) => sum(vbds, ({writtenSectors}) => writtenSectors)),
  number('SSID', 4, () => 0),
];

/** Names are cut to their column unless `fullNames`. */
export const formatRow = (row: TopRow, fullNames: boolean): string =>
  COLUMNS.map(({width, text}, index) => {
    const value = text(row);
    return right(index === 0 && !fullNames ? value.slice(0, width) : value, width);
  }).join(' ');

export const formatTitles = (): string => COLUMNS.map(({title, width}) => right(title, width)).join(' ');

/** Rows of a sample; shares of the CPU need the one before. */
export const rowsOf = (sample: TopSample, before: TopSample | undefined): TopRow[] => {
  const passedNs = sample.timeNs - (before?.timeNs ?? sample.timeNs);
  return sample.domains.map((domain) => {
    const earlier = before?.domains.find(({domid}) => domid === domain.domid);
    const usedNs = earlier === undefined ? 0 : Math.max(0, domain.cpuNs - earlier.cpuNs);
    return {
      ...domain,
      cpuPercent: passedNs > 0 ? (100 * usedNs) / passedNs : 0,
      memoryPercent: (100 * domain.memoryKib) / sample.totalMemoryKib,
      maxMemoryPercent: (100 * domain.maxMemoryKib) / sample.totalMemoryKib,
    };
  });
};
