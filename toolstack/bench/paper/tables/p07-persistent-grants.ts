import type {Counter} from '../counter.ts';
import {blockSoftware, modelBlock} from '../block-model.ts';
import {cellsOf, kiloPerSec, many, type PaperTable} from '../paper-table.ts';
import {ramdiskDom0} from '../setups.ts';

const SIZE = 4096;
const DEPTH = 32;
const GUESTS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

interface At {
  /** The most of these counts. */
  readonly guests: readonly number[];
  readonly driver: string;
}

const model = async ({guests, driver}: At, counter: Counter): Promise<number> => {
  const work = await counter.count({device: 'block', driver, operation: 'read', sizeBytes: SIZE, depth: DEPTH});
  // A program for each request, so that the guest's vCPUs do not limit.
  const load = {setup: ramdiskDom0, rings: 1, jobs: DEPTH, depth: 1, sizes: [[1, SIZE]]} as const;
  return Math.max(...guests.map((count) => kiloPerSec(modelBlock(work, {...load, guests: count}, counter))));
};

const without = (guests: number): string => `${many(guests, 'guest')}, mapped`;
const persistent = (guests: number): string => `${many(guests, 'guest')}, persistent`;
const MOST = 'the most, mapped';
const AT_MOST = 5;
/** k IOPS: the most, which was with 5 guests, and with 10. */
const published = new Map([
  [AT_MOST, 650],
  [10, 400],
]);

export const p07: PaperTable = {
  id: 'P7',
  claim: 'Without persistent grants, I/O of many guests collapses under the TLB flushes of their unmaps',
  source: 'persistent grants RFC, LKML 2012-10',
  certainty: 'read',
  priceList: 'dall2016-x86',
  unit: 'k IOPS, all guests',
  setups: [ramdiskDom0],
  software: blockSoftware,
  counts: 'block pv-map and pv, reads of 4 KiB, depth 32',
  cells: cellsOf(
    [
      ...GUESTS.map((guests) => ({
        name: without(guests),
        published: published.get(guests),
        isFitted: published.has(guests),
        guests: [guests],
        driver: 'pv-map',
      })),
      {name: MOST, published: published.get(AT_MOST), isFitted: true, guests: GUESTS, driver: 'pv-map'},
      ...GUESTS.map((guests) => ({name: persistent(guests), guests: [guests], driver: 'pv'})),
    ],
    model,
  ),
  ratios: [{name: '10 guests against the most', of: without(10), to: MOST}],
  shapes: [
    {
      says: `mapped: the most is with ${AT_MOST} guests, give or take 1`,
      holds: (value) => [4, 5, 6].some((guests) => value(without(guests)) === value(MOST)),
    },
    {
      says: 'mapped: falls from there on',
      holds: (value) => GUESTS.slice(6).every((guests) => value(without(guests)) < value(without(guests - 1))),
    },
    {
      says: 'persistent: rises all the way',
      holds: (value) => GUESTS.slice(1).every((guests) => value(persistent(guests)) > value(persistent(guests - 1))),
    },
  ],
  lacks:
    'the two prices of a flush are fitted to these two cells: what is tried is where the peak lies. That moves with the clock, ' +
    'which is not known: to 7 guests at 2.1 GHz, to 5 at 3.3 GHz',
};
