import {blockSoftware, modelBlock} from '../block-model.ts';
import type {Counter} from '../counter.ts';
import {type Mix, mixOf} from '../mix.ts';
import {cellsOf, kiloPerSec, many, type PaperTable} from '../paper-table.ts';
import {nullBlock16} from '../setups.ts';

const KIB = 1024;
/** fio's examples/iometer-file-access-server: parts of requests by size. */
const SIZES: Mix<number> = [
  [0.1, 512],
  [0.05, KIB],
  [0.05, 2 * KIB],
  [0.6, 4 * KIB],
  [0.02, 8 * KIB],
  [0.04, 16 * KIB],
  [0.04, 32 * KIB],
  [0.1, 64 * KIB],
];
const DEPTH = 64;
const RING_ENTRIES = 32;

interface At {
  readonly jobs: number;
  readonly isMultiQueue: boolean;
}

const model = async ({jobs, isMultiQueue}: At, counter: Counter): Promise<number> => {
  const rings = isMultiQueue ? Math.min(jobs, nullBlock16.guestCpus) : 1;
  const work = await mixOf(SIZES, (sizeBytes) =>
    counter.count({device: 'block', driver: 'pv', operation: 'read', sizeBytes, depth: RING_ENTRIES}),
  );
  return kiloPerSec(modelBlock(work, {setup: nullBlock16, rings, jobs, depth: DEPTH, sizes: SIZES}, counter));
};

const before = (jobs: number): string => `${many(jobs, 'job')}, 1 ring`;
const after = (jobs: number): string => `${many(jobs, 'job')}, 16 rings`;

/** k IOPS before and after, by fio jobs. */
const published: readonly (readonly [jobs: number, before: number, after: number])[] = [
  [1, 57, 58],
  [4, 95, 201],
  [8, 89, 372],
  [16, 68, 284],
  [32, 65, 196],
  [64, 63, 183],
];

export const p09: PaperTable = {
  id: 'P9',
  claim: 'One ring stops scaling at 4 jobs; a ring for each vCPU goes on',
  source: 'multi-queue RFC, LKML 2015-02-15',
  certainty: 'read',
  priceList: 'dall2016-x86',
  unit: 'k IOPS',
  setups: [nullBlock16],
  software: blockSoftware,
  counts: "block pv, reads in the sizes of fio's IOmeter emulation, depth 32",
  cells: cellsOf(
    published.flatMap(([jobs, one, many]) => [
      {name: before(jobs), published: one, jobs, isMultiQueue: false},
      {name: after(jobs), published: many, jobs, isMultiQueue: true},
    ]),
    model,
  ),
  ratios: published.map(([jobs]) => ({
    name: `${many(jobs, 'job')}: 16 rings against 1`,
    of: after(jobs),
    to: before(jobs),
  })),
  shapes: [
    {
      says: '1 ring: the peak is at 4 or 8 jobs, then it falls',
      holds: (value) =>
        Math.max(value(before(4)), value(before(8))) > value(before(1)) && value(before(8)) > value(before(16)),
    },
    {
      says: 'more rings are never worse, and better from 4 jobs on',
      holds: (value) => published.every(([jobs]) => value(after(jobs)) > (jobs < 4 ? 0.98 : 1.2) * value(before(jobs))),
    },
    {
      says: '16 rings: rises up to 8 jobs',
      holds: (value) => value(after(1)) < value(after(4)) && value(after(4)) < value(after(8)),
    },
  ],
  lacks:
    'what slows both down from 16 jobs on: programs that wait for one of 16 vCPUs, and vCPUs that are preempted, on a host that ' +
    'may have fewer CPUs than the 32 vCPUs of both domains, while they hold a lock that the others spin on',
};
