import {left, right} from '../printf.ts';
import {COLUMNS, formatRow, formatTitles, type TopRow} from './columns.ts';

/** What is shown, and in which order. */
export interface TopView {
  readonly networks: boolean;
  readonly vbds: boolean;
  readonly vcpus: boolean;
  /** Ours: what the engine counts of each domain. */
  readonly counters: boolean;
  readonly repeatHeader: boolean;
  readonly fullNames: boolean;
  readonly dom0First: boolean;
  /** Index of the column that rows are ordered by; without one they are ordered by domid. */
  readonly sortColumn?: number;
}

const VCPUS_PER_LINE = 5;
const NS_PER_S = 1e9;
/** Major and minor number share the number of a device. */
const MINOR_BITS = 8;

/** The table with the lines below each domain; `isTitle` for those that hold the titles. */
export const tableLines = (rows: readonly TopRow[], view: TopView): {text: string; isTitle: boolean}[] => {
  const title = {text: formatTitles(), isTitle: true};
  const lines = ordered(rows, view).flatMap((row, index) => [
    ...(view.repeatHeader && index > 0 ? [title] : []),
    {text: formatRow(row, view.fullNames), isTitle: false},
    ...detailLines(row, view).map((text) => ({text, isTitle: false})),
  ]);
  return [title, ...lines];
};

const ordered = (rows: readonly TopRow[], {sortColumn, dom0First}: TopView): TopRow[] => {
  const key = sortColumn === undefined ? undefined : COLUMNS[sortColumn].key;
  return [...rows].sort((a, b) => {
    if (dom0First && (a.domid === 0) !== (b.domid === 0)) return a.domid === 0 ? -1 : 1;
    return (key === undefined ? 0 : compare(key(a), key(b))) || a.domid - b.domid;
  });
};

const compare = (a: number | string, b: number | string): number =>
  typeof a === 'number' && typeof b === 'number' ? b - a : String(a).localeCompare(String(b));

const detailLines = (row: TopRow, view: TopView): string[] => [
  ...(view.vcpus ? vcpuLines(row) : []),
  ...(view.networks ? networkLines(row) : []),
  ...(view.vbds ? vbdLines(row) : []),
  ...(view.counters ? [counterLine(row)] : []),
];

const vcpuLines = ({vcpuNs}: TopRow): string[] => {
  const cells = vcpuNs.map((ns, vcpu) => ` ${right(vcpu, 2)}: ${right(Math.floor(ns / NS_PER_S), 10)}s`);
  const lines: string[] = [];
  for (let at = 0; at < cells.length; at += VCPUS_PER_LINE) {
    lines.push(`${left(at === 0 ? 'VCPUs(sec): ' : '', 12)}${cells.slice(at, at + VCPUS_PER_LINE).join('')}`);
  }
  return lines;
};

const networkLines = ({networks}: TopRow): string[] =>
  networks.map(
    (net, index) =>
      `Net${index} RX:${traffic(net.rxBytes, net.rxPackets, net.rxErrors, net.rxDrops)}  ` +
      `TX:${traffic(net.txBytes, net.txPackets, net.txErrors, net.txDrops)}`,
  );

const traffic = (bytes: number, packets: number, errors: number, drops: number): string =>
  ` ${right(bytes, 8)}bytes ${right(packets, 8)}pkts ${right(errors, 8)}err ${right(drops, 8)}drop`;

const vbdLines = ({vbds}: TopRow): string[] =>
  vbds.map(({device, full, reads, writes, readSectors, writtenSectors}) => {
    const [major, minor] = [device >>> MINOR_BITS, device & ((1 << MINOR_BITS) - 1)];
    return (
      `VBD BlkBack ${right(device, 4)} [${right(major.toString(16), 2)}:${right(minor.toString(16), 2)}]  ` +
      `OO: ${right(full, 8)}   RD: ${right(reads, 8)}   WR: ${right(writes, 8)}   ` +
      `RSECT: ${right(readSectors, 10)}   WSECT: ${right(writtenSectors, 10)}`
    );
  });

const counterLine = ({instructions, hypercalls, upcalls, exits}: TopRow): string =>
  `Counters: ${right(instructions, 14)} instructions ${right(hypercalls, 10)} hypercalls ` +
  `${right(upcalls, 10)} upcalls ${right(exits, 10)} exits`;
