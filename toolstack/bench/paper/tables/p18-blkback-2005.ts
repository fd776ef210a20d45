import {blockSoftware, modelBlock} from '../block-model.ts';
import type {Counter} from '../counter.ts';
import {cellsOf, type PaperTable} from '../paper-table.ts';
import {machine2005, type Setup} from '../setups.ts';

const KIB = 1024;
const DEPTH = 32;

/** What dom0 itself does on the disk: a rate, and how many bytes a request has that is at that rate. */
interface Work {
  readonly operation: 'read' | 'write';
  readonly sizeBytes: number;
  readonly perSec: number;
}

const out: Work = {operation: 'write', sizeBytes: 44 * KIB, perSec: 56818 / 44};
const input: Work = {operation: 'read', sizeBytes: 44 * KIB, perSec: 59595 / 44};
const seeks: Work = {operation: 'read', sizeBytes: 8 * KIB, perSec: 264.9};

interface At {
  readonly work: Work;
  /** What a request is in the table's unit. */
  readonly unit: number;
  readonly isGuest: boolean;
}

const model = async ({work, unit, isGuest}: At, counter: Counter): Promise<number> => {
  const {operation, sizeBytes, perSec} = work;
  if (!isGuest) return perSec * unit;
  const counted = await counter.count({device: 'block', driver: 'pv-map', operation, sizeBytes, depth: DEPTH});
  const setup: Setup = {...machine2005, device: {bytesPerSec: perSec * sizeBytes}};
  const load = {setup, rings: 1, jobs: 1, depth: DEPTH, sizes: [[1, sizeBytes]]} as const;
  return modelBlock(counted, load, counter).throughputPerSec * unit;
};

export const p18: PaperTable = {
  id: 'P18',
  claim: 'blkback is as fast as dom0: the disk is the limit, not the path to it',
  source: 'Xen changeset of 2005 that adds grant tables to blktap',
  certainty: 'read',
  priceList: 'dall2016-x86',
  unit: 'KiB/s; seeks/s',
  setups: [machine2005],
  software: blockSoftware,
  counts: 'block pv-map, 44 KiB and 8 KiB, depth 32',
  cells: cellsOf(
    [
      {name: 'block out, dom0', published: 56818, isFitted: true, work: out, unit: 44, isGuest: false},
      {name: 'block out, blkback', published: 54026, work: out, unit: 44, isGuest: true},
      {name: 'block in, dom0', published: 59595, isFitted: true, work: input, unit: 44, isGuest: false},
      {name: 'block in, blkback', published: 64919, work: input, unit: 44, isGuest: true},
      {name: 'seeks, dom0', published: 264.9, isFitted: true, work: seeks, unit: 1, isGuest: false},
      {name: 'seeks, blkback', published: 292.7, work: seeks, unit: 1, isGuest: true},
    ],
    model,
  ),
  ratios: ['block out', 'block in', 'seeks'].map((name) => ({
    name: `${name}: blkback against dom0`,
    of: `${name}, blkback`,
    to: `${name}, dom0`,
  })),
  shapes: [
    {
      says: 'the path costs less than 1 % of what the disk does',
      holds: (value) => value('block in, blkback') > 0.99 * value('block in, dom0'),
    },
  ],
  lacks:
    'why a guest was faster than dom0 at reads and seeks (its part of the disk, perhaps), and blktap, which is not here',
};
