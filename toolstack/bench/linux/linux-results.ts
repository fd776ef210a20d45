import type {Counted} from './counted.ts';
import type {Contender} from './jobs.ts';

/** One job by one driver. */
export interface LinuxResult extends Contender {
  readonly job: string;
  readonly unit: string;
  /** An I/O. */
  readonly counted: Counted;
  /** CPU time of this process an I/O, the simulation and a peer's CPU included. */
  readonly hostNs: number;
}

const headings = [
  'job',
  'an I/O',
  'driver',
  '',
  'port',
  'MMIO',
  'hypercall',
  'EOI',
  'interrupt',
  'upcall',
  'instructions',
  'host us',
];

/** Below it a count is of what else the guest does. */
const MIN_COUNT = 0.05;

const count = (value: number): string => (value < MIN_COUNT ? '0' : value.toFixed(value < 10 ? 1 : 0));

/** Times are differences of two runs: what the machine does besides may be more than what is looked for. */
const hostTime = (ns: number): string => (ns > 0 ? (ns / 1000).toFixed(1) : 'noise');

/** A table for a terminal: of each job the PV driver's line, then those of emulated devices. */
export const formatLinux = (results: readonly LinuxResult[], kernel: string): string => {
  const rows = results.map(({job, unit, driver, kind, counted, hostNs}) => [
    job,
    unit,
    driver,
    kind,
    ...[counted.port, counted.mmio, counted.hypercall, counted.eoi, counted.interrupt, counted.upcall].map(count),
    Math.max(0, counted.instructions).toFixed(0),
    hostTime(hostNs),
  ]);
  const widths = headings.map((heading, c) => Math.max(heading.length, ...rows.map((row) => row[c].length)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, c) => (c < 4 ? cell.padEnd(widths[c]) : cell.padStart(widths[c])))
      .join('  ')
      .trimEnd();
  return [
    `${kernel} in the x86 engine: paravirtual against emulated devices, one boot`,
    'COUNTED an I/O: exits, interrupts and instructions of the guest. MEASURED here: CPU time of this process (host us)',
    '',
    line(headings),
    ...rows.map((row, i) => (i > 0 && row[0] !== rows[i - 1][0] ? `\n${line(row)}` : line(row))),
    '',
  ].join('\n');
};
