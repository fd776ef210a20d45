import type {Counter} from '../counter.ts';
import {modelNet} from '../net-model.ts';
import {cellsOf, many, type PaperTable} from '../paper-table.ts';
import {xeon2630} from '../setups.ts';
import {tcpBulk} from '../software.ts';

/** A TCP packet that is never cut. */
const PACKET_BYTES = 65535;
const DEPTH = 8;

type Direction = 'tx' | 'rx';

interface At {
  readonly queues: number;
  readonly direction: Direction;
  readonly driver: string;
}

/** Mbit/s. */
const model = async ({queues, direction, driver}: At, counter: Counter): Promise<number> => {
  const point = {device: 'net', driver, operation: direction, sizeBytes: PACKET_BYTES, depth: DEPTH} as const;
  const load = {setup: xeon2630, queues, software: tcpBulk, sizeBytes: PACKET_BYTES};
  return (modelNet(await counter.count(point), load, counter).throughputPerSec * PACKET_BYTES * 8) / 1e6;
};

const directions: readonly Direction[] = ['tx', 'rx'];
/** Linux's netback maps what a guest sends, but for the headers, and copies what it gets. */
const granting = {tx: 'pv-map', rx: 'pv'};
const before = (direction: Direction, queues: number): string => `${direction}, ${many(queues, 'queue')}, granted`;
const after = (direction: Direction, queues: number): string => `${direction}, ${many(queues, 'queue')}, static`;

/** Mbit/s before and after, by queues from 1 on. */
const published: Readonly<Record<Direction, readonly (readonly [before: number, after: number])[]>> = {
  tx: [
    [17244, 38189],
    [24023, 54783],
    [29148, 85777],
    [39782, 99530],
  ],
  rx: [
    [6000, 28108],
    [9416, 40624],
    [17196, 54118],
    [18502, 46859],
  ],
};

export const p11: PaperTable = {
  id: 'P11',
  claim: 'Static grants lift bulk transfers two to five times',
  source: 'netif-staging-grants of xen.git, "bulk transfer"',
  certainty: 'read',
  priceList: 'staging2017-x86',
  unit: 'Mbit/s',
  setups: [xeon2630],
  software: [tcpBulk],
  counts: 'net pv-map (tx), pv (rx) and pv-static, TCP packets of 64 KiB, 8 under way',
  cells: cellsOf(
    directions.flatMap((direction) =>
      published[direction].flatMap(([granted, kept], i) => [
        {name: before(direction, i + 1), published: granted, queues: i + 1, direction, driver: granting[direction]},
        {
          name: after(direction, i + 1),
          published: kept,
          isFitted: i === 0 && direction === 'tx',
          queues: i + 1,
          direction,
          driver: 'pv-static',
        },
      ]),
    ),
    model,
  ),
  ratios: directions.flatMap((direction) =>
    published[direction].map((_, i) => ({
      name: `${direction}, ${many(i + 1, 'queue')}: static against granted`,
      of: after(direction, i + 1),
      to: before(direction, i + 1),
    })),
  ),
  shapes: [
    {
      says: 'static grants on 1 queue beat granting on 2',
      holds: (value) => directions.every((direction) => value(after(direction, 1)) > value(before(direction, 2))),
    },
    {
      says: 'static grants gain more to a guest than from it',
      holds: (value) => value(after('rx', 1)) / value(before('rx', 1)) > value(after('tx', 1)) / value(before('tx', 1)),
    },
  ],
  lacks:
    'what copies of whole pages into a guest cost that are in no cache: 4.3 us more than a copy by the drivers, by these numbers, ' +
    'where the list has 1.9 in all. And what queues have in common: no column has four times as much on 4 queues as on 1, and to a ' +
    'guest 4 are slower than 3',
};
