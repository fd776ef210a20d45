import {mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {openStorage, RamImage, StorageError} from '../../backends/storage/index.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import {NS_PER_S, realClock} from '../../hypervisor/schedule/index.ts';
import {BareLoop, makeImage} from './bare-loop.ts';
import {BlockReader, IMAGE_BYTES, inOrder, noData, scattered, type Workload} from './block-reader.ts';
import {benchQcow2} from './qcow2.ts';
import {type BenchRow, median} from './row.ts';

const WARM_UP_NS = NS_PER_S / 2;
/** Until all of the file has been seen. */
const FILE_WARM_UP_NS = 3 * NS_PER_S;
const RUN_NS = NS_PER_S / 2;
const RUNS = 7;
const TURN_NS = NS_PER_S / 20;
const TURNS = 41;
const DEPTH = 32;
/** Of a plain request, and of the indirect ones of Linux's blkfront. */
const PLAIN_PAGES = 11;
const INDIRECT_PAGES = 32;

/** Requests a second, in millions. */
const rate = async (workload: Workload): Promise<number> => {
  const reader = new BlockReader(workload);
  await reader.schedule.sleep(WARM_UP_NS);
  const rates: number[] = [];
  for (let run = 0; run < RUNS; run++) rates.push(await reader.measure(RUN_NS));
  reader.schedule.close();
  return median(rates) / 1e6;
};

interface FileCase {
  name: string;
  pages: number;
  depth: number;
  next: Workload['next'];
  /** Persistent by default. */
  mapped?: boolean;
  target?: number;
}

/** The ring against the plain loop, in short turns so that both see the same machine. */
const againstBareLoop = async (
  path: string,
  {name, pages, depth, next, mapped = false, target}: FileCase,
): Promise<BenchRow> => {
  // As a host opens it: what is not known to be in the page cache is left to worker threads.
  const clock = realClock();
  const storage = await openStorage(path, {readonly: true, clock});
  if (storage instanceof StorageError) throw storage;
  const loop = new BareLoop(path, pages * PAGE_SIZE, next);
  const reader = new BlockReader({storage, depth, pages, next, persistent: !mapped});
  await reader.schedule.sleep(FILE_WARM_UP_NS);
  loop.measure(WARM_UP_NS);
  const ratios: number[] = [];
  const rates: number[] = [];
  for (let turn = 0; turn < TURNS; turn++) {
    const bare = loop.measure(TURN_NS);
    const ours = await reader.measure(TURN_NS);
    ratios.push(ours / bare);
    rates.push(ours);
  }
  reader.schedule.close();
  storage.close();
  clock.close();
  loop.close();
  return {
    name: `block: file, ${name}, depth ${depth}${mapped ? ', map and unmap' : ''}, against a bare fs.readSync loop`,
    value: median(ratios),
    unit: 'of its rate',
    target: target === undefined ? undefined : {value: target, sense: 'at least'},
    beside: {name: 'reads', value: median(rates) / 1e6, unit: 'M/s'},
  };
};

const fileCases: readonly FileCase[] = [
  {name: '4 KiB in order', pages: 1, depth: DEPTH, next: inOrder, target: 0.75},
  {name: '4 KiB in order', pages: 1, depth: DEPTH, next: inOrder, mapped: true},
  {name: '4 KiB scattered', pages: 1, depth: DEPTH, next: scattered, target: 0.7},
  // As many bytes in flight as a processor's own cache holds: the plain loop has one buffer that never leaves it.
  {name: '44 KiB in order', pages: PLAIN_PAGES, depth: 8, next: inOrder, target: 0.9},
  {name: '44 KiB in order', pages: PLAIN_PAGES, depth: 8, next: inOrder, mapped: true},
  {name: '44 KiB in order', pages: PLAIN_PAGES, depth: DEPTH, next: inOrder},
  {name: '128 KiB in order, indirect', pages: INDIRECT_PAGES, depth: 8, next: inOrder, target: 0.95},
  {name: '128 KiB in order, indirect', pages: INDIRECT_PAGES, depth: 8, next: inOrder, mapped: true},
];

const benchFile = async (): Promise<BenchRow[]> => {
  const dir = mkdtempSync(join(tmpdir(), 'pvsim-bench-'));
  try {
    const path = makeImage(dir);
    const rows: BenchRow[] = [];
    for (const each of fileCases) rows.push(await againstBareLoop(path, each));
    return rows;
  } finally {
    rmSync(dir, {recursive: true, force: true});
  }
};

const benchRing = async (): Promise<BenchRow[]> => {
  const ram = new RamImage(IMAGE_BYTES);
  const cases = [
    {name: `no data, depth ${DEPTH}`, storage: noData, depth: DEPTH, target: 1.5},
    {name: `no data, depth ${DEPTH}, map and unmap`, storage: noData, depth: DEPTH, persistent: false},
    {name: `no data, depth ${DEPTH} over 4 queues`, storage: noData, depth: DEPTH, queues: 4},
    {name: 'no data, depth 1', storage: noData, depth: 1, target: 0.5},
    {name: `RAM image, 4 KiB, depth ${DEPTH}`, storage: ram, depth: DEPTH, target: 1},
    {name: `RAM image, 4 KiB, depth ${4 * DEPTH} over 4 queues`, storage: ram, depth: 4 * DEPTH, queues: 4},
  ];
  const rows: BenchRow[] = [];
  for (const {name, storage, depth, target, queues, persistent = true} of cases) {
    const value = await rate({storage, depth, pages: 1, next: inOrder, persistent, queues});
    const asked = target === undefined ? undefined : ({value: target, sense: 'at least'} as const);
    rows.push({name: `block: ${name}`, value, unit: 'M requests/s', target: asked});
  }
  return rows;
};

/** Reads by one guest with grants, checks and statistics on; both domains on one thread. */
export const benchBlock = async (): Promise<BenchRow[]> => [
  ...(await benchRing()),
  ...(await benchFile()),
  ...(await benchQcow2()),
];
