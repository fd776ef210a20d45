import type {Counter} from '../counter.ts';
import {ethernetSoftware, modelEthernet} from '../emulated-net.ts';
import {cellsOf, type PaperTable} from '../paper-table.ts';
import {xen2003} from '../setups.ts';

const ETH_HLEN = 14;
/** IPv4 and TCP with its timestamps. */
const HEADERS = 52;

interface At {
  readonly mtu: number;
  readonly operation: 'tx' | 'rx';
  /** Native Linux's row: what the link does, Mbit/s of data. */
  readonly native: number;
  /** None: the row of native Linux itself. */
  readonly driver?: string;
}

const model = async ({mtu, operation, native, driver}: At, counter: Counter): Promise<number> => {
  if (driver === undefined) return native;
  const [frameBytes, dataBits] = [mtu + ETH_HLEN, (mtu - HEADERS) * 8];
  const linkBytesPerSec = ((native * 1e6) / dataBits) * frameBytes;
  const load = {setup: xen2003, driver, operation, frameBytes, linkBytesPerSec};
  return ((await modelEthernet(load, counter)).throughputPerSec * dataBits) / 1e6;
};

/** Mbit/s of native Linux, Xen and VMware Workstation. */
const published = [
  {mtu: 1500, operation: 'tx', native: 897, xen: 897, emulated: 291},
  {mtu: 1500, operation: 'rx', native: 897, xen: 897, emulated: 615},
  {mtu: 500, operation: 'tx', native: 602, xen: 516, emulated: 101},
  {mtu: 500, operation: 'rx', native: 544, xen: 467, emulated: 137},
] as const;

type Row = (typeof published)[number];

const at = ({mtu, operation, native}: Row): At => ({mtu, operation, native});
const cell = (kind: string, {mtu, operation}: Row): string => `${operation}, MTU ${mtu}: ${kind}`;

export const p01: PaperTable = {
  id: 'P1',
  claim: 'A paravirtual network card is at the rate of the line, an emulated one far below',
  source: 'Barham et al., Xen and the Art of Virtualization, SOSP 2003, TTCP',
  certainty: 'recalled',
  priceList: 'dall2016-x86',
  unit: 'Mbit/s of data',
  setups: [xen2003],
  software: ethernetSoftware,
  counts:
    'net pv, 64 under way, and net rtl8139, sending 1 and receiving 8, in place of the card that VMware Workstation emulated',
  cells: cellsOf<At>(
    published.flatMap((row) => [
      {name: cell('native', row), published: row.native, isFitted: true, ...at(row)},
      {name: cell('PV', row), published: row.xen, ...at(row), driver: 'pv'},
      {name: cell('emulated', row), published: row.emulated, ...at(row), driver: 'rtl8139'},
    ]),
    model,
  ),
  ratios: published.flatMap((row) => [
    {name: `${cell('PV', row)} against native`, of: cell('PV', row), to: cell('native', row)},
    {name: `${cell('PV', row)} against emulated`, of: cell('PV', row), to: cell('emulated', row)},
  ]),
  shapes: [
    {
      says: 'PV is at the rate of the line, within a tenth, at MTU 1500',
      holds: (value) => published.slice(0, 2).every((row) => value(cell('PV', row)) > 0.9 * value(cell('native', row))),
    },
    {
      says: 'emulated is at half of it at most, sending',
      holds: (value) =>
        published
          .filter(({operation}) => operation === 'tx')
          .every((row) => value(cell('emulated', row)) < 0.5 * value(cell('native', row))),
    },
  ],
  lacks:
    "the other card: Workstation's was a PCnet, whose driver touches registers at each interrupt and not for each frame that came, " +
    'so that it lost less receiving; and what a Xen of 2003 paid for short frames',
};
