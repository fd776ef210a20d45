import type {Counter} from '../counter.ts';
import {modelNet} from '../net-model.ts';
import {cellsOf, many, type PaperTable} from '../paper-table.ts';
import {xeon2630} from '../setups.ts';
import {netRx, netTx} from '../software.ts';

/** Without a FCS. */
const FRAME_BYTES = 60;
const DEPTH = 64;

const software = {tx: netTx, rx: netRx};
type Direction = keyof typeof software;

interface At {
  readonly queues: number;
  readonly direction: Direction;
  readonly driver: string;
}

const model = async ({queues, direction, driver}: At, counter: Counter): Promise<number> => {
  const point = {device: 'net', driver, operation: direction, sizeBytes: FRAME_BYTES, depth: DEPTH} as const;
  const load = {setup: xeon2630, queues, software: software[direction], sizeBytes: FRAME_BYTES};
  return modelNet(await counter.count(point), load, counter).throughputPerSec / 1e6;
};

const directions: readonly Direction[] = ['tx', 'rx'];
const before = (direction: Direction, queues: number): string => `${direction}, ${many(queues, 'queue')}, granted`;
const after = (direction: Direction, queues: number): string => `${direction}, ${many(queues, 'queue')}, static`;

/** Mpps before and after, by queues. */
const published: Readonly<Record<Direction, readonly (readonly [queues: number, before: number, after: number])[]>> = {
  tx: [
    [1, 0.684, 2.49],
    [2, 0.953, 4.74],
    [4, 1.89, 8.8],
  ],
  rx: [
    [1, 0.439, 2.96],
    [2, 0.755, 5.07],
    [4, 1.39, 9.92],
  ],
};

export const p12: PaperTable = {
  id: 'P12',
  claim: 'Static grants lift packets of 64 bytes four to seven times, at any number of queues',
  source: 'netif-staging-grants of xen.git, "Packet I/O"',
  certainty: 'read',
  priceList: 'staging2017-x86',
  unit: 'Mpps',
  setups: [xeon2630],
  software: [netTx, netRx],
  counts: 'net pv and pv-static, frames of 64 bytes, 64 under way',
  cells: cellsOf(
    directions.flatMap((direction) =>
      published[direction].flatMap(([queues, granted, kept]) => [
        {name: before(direction, queues), published: granted, isFitted: queues === 1, queues, direction, driver: 'pv'},
        {
          name: after(direction, queues),
          published: kept,
          isFitted: queues === 1,
          queues,
          direction,
          driver: 'pv-static',
        },
      ]),
    ),
    model,
  ),
  ratios: directions.flatMap((direction) => [
    ...published[direction].map(([queues]) => ({
      name: `${direction}, ${many(queues, 'queue')}: static against granted`,
      of: after(direction, queues),
      to: before(direction, queues),
    })),
    {name: `${direction}, static: 4 queues against 1`, of: after(direction, 4), to: after(direction, 1)},
    {name: `${direction}, granted: 4 queues against 1`, of: before(direction, 4), to: before(direction, 1)},
  ]),
  shapes: [
    {
      says: 'more queues are faster, every time',
      holds: (value) =>
        directions.every((direction) =>
          [before, after].every(
            (cell) =>
              value(cell(direction, 1)) < value(cell(direction, 2)) &&
              value(cell(direction, 2)) < value(cell(direction, 4)),
          ),
        ),
    },
    {
      says: 'static grants on 1 queue beat granting on 4',
      holds: (value) => directions.every((direction) => value(after(direction, 1)) > value(before(direction, 4))),
    },
  ],
  lacks:
    'that a copy into a guest costs nearly twice one out of it (the price is the mean of both), and what queues have in common: ' +
    'four of them do not do quite four times as much as one',
};
