import {blockSoftware, modelBlock} from '../block-model.ts';
import type {Counter} from '../counter.ts';
import {cellsOf, kiloPerSec, type PaperTable} from '../paper-table.ts';
import {r720} from '../setups.ts';

const KIB = 1024;
const JOBS = 8;
const DEPTH = 32;

interface At {
  readonly rings: number;
  readonly sizeBytes: number;
  readonly operation?: 'read' | 'write';
}

const model = async ({rings, sizeBytes, operation = 'read'}: At, counter: Counter): Promise<number> => {
  const work = await counter.count({device: 'block', driver: 'pv', operation, sizeBytes, depth: DEPTH});
  return kiloPerSec(modelBlock(work, {setup: r720, rings, jobs: JOBS, depth: DEPTH, sizes: [[1, sizeBytes]]}, counter));
};

/** k IOPS of one ring and of eight, by bytes of a request. */
const published: readonly (readonly [sizeBytes: number, one: number, eight: number])[] = [
  [512, 158, 264],
  [KIB, 157, 260],
  [2 * KIB, 157, 258],
  [4 * KIB, 148, 257],
  [8 * KIB, 124, 207],
  [16 * KIB, 84, 105],
  [32 * KIB, 50, 54],
  [64 * KIB, 24, 27],
  [128 * KIB, 11, 13],
];

const label = (sizeBytes: number): string => (sizeBytes < KIB ? `${sizeBytes} B` : `${sizeBytes / KIB} KiB`);
const one = (sizeBytes: number): string => `${label(sizeBytes)}, 1 ring`;
const eight = (sizeBytes: number): string => `${label(sizeBytes)}, 8 rings`;
/** One ring's; of eight only the first. */
const FITTED = [512, 8 * KIB];
const WRITE = 'writes of 4 KiB';

export const p10: PaperTable = {
  id: 'P10',
  claim: 'Eight rings lift small requests, until the disk is the limit',
  source: 'multi-queue RFC v2, LKML 2015-06-30',
  certainty: 'read',
  priceList: 'dall2016-x86',
  unit: 'k IOPS',
  setups: [r720],
  software: blockSoftware,
  counts: 'block pv, reads by size, depth 32',
  cells: cellsOf<At>(
    [
      ...published.flatMap(([sizeBytes, single, many]) => [
        {name: one(sizeBytes), published: single, isFitted: FITTED.includes(sizeBytes), rings: 1, sizeBytes},
        {name: eight(sizeBytes), published: many, isFitted: sizeBytes === FITTED[0], rings: 8, sizeBytes},
      ]),
      {name: `${WRITE}, 1 ring`, published: 80, rings: 1, sizeBytes: 4 * KIB, operation: 'write'},
      {name: `${WRITE}, 8 rings`, published: 230, rings: 8, sizeBytes: 4 * KIB, operation: 'write'},
    ],
    model,
  ),
  ratios: [
    ...published.map(([sizeBytes]) => ({
      name: `${label(sizeBytes)}: 8 rings against 1`,
      of: eight(sizeBytes),
      to: one(sizeBytes),
    })),
    {name: `${WRITE}: 8 rings against 1`, of: `${WRITE}, 8 rings`, to: `${WRITE}, 1 ring`},
  ],
  shapes: [
    {
      says: 'the gain falls from 8 KiB on',
      holds: (value) => {
        const gain = (sizeBytes: number): number => value(eight(sizeBytes)) / value(one(sizeBytes));
        return gain(4 * KIB) > gain(16 * KIB) && gain(16 * KIB) > gain(32 * KIB);
      },
    },
    {
      says: 'it is gone where the disk is the limit, at 32 KiB',
      holds: (value) => value(eight(32 * KIB)) < 1.1 * value(one(32 * KIB)),
    },
  ],
  lacks: 'what made one ring so much slower for writes than for reads, and eight not: the paper does not say',
};
