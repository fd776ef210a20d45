import {closeSync, ftruncateSync, mkdtempSync, openSync, readSync, rmSync, writeSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Subject} from 'rxjs';
import {type BlockBatch, BlockQueue, newStatistics} from '../../backends/block/index.ts';
import {type IoVector, openStorage, RamImage, type Storage, StorageError} from '../../backends/storage/index.ts';
import {BlockRing, GrantKeeper, LAST_SECT} from '../../frontends/block/index.ts';
import {GNTMAP_host_map} from '../../hypervisor/abi/grant-table.ts';
import {BLKIF_OP_READ, BLKIF_RSP_OKAY} from '../../hypervisor/abi/io/blkif.ts';
import {type Domain, DOM0, type DomId, type Gfn, Hypervisor} from '../../hypervisor/index.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import {NS_PER_S, realClock, type Schedule} from '../../hypervisor/schedule/index.ts';
import {ProgramOps, ProgramVcpu} from '../../hypervisor/vcpu/index.ts';
import {type BenchRow, median} from './row.ts';

const WARM_UP_NS = NS_PER_S / 2;
const RUN_NS = NS_PER_S / 2;
const RUNS = 7;
const DEPTH = 32;
const GUEST_PAGES = 1024;
const FIRST_FREE_GFN = 16;
const SECTOR_BYTES = 512;
const IMAGE_BYTES = 64 * 2 ** 20;
const MAX_PAGES_PER_REQUEST = 11;

/** Storage that has no bytes: what is left is the ring, the grants and the events. */
const noData: Storage = {
  sizeBytes: IMAGE_BYTES,
  readonly: false,
  discardGranularity: 0,
  read: (vector: IoVector) => vector.lengthBytes,
  write: (vector: IoVector) => vector.lengthBytes,
  flush: () => 0,
  discard: (_position, length) => length,
  close: () => undefined,
  toString: () => 'no data',
};

interface Workload {
  storage: Storage;
  /** Requests on the ring at any time. */
  depth: number;
  /** Of a request, 1..11. */
  pages: number;
  /** The block that comes after this one, of so many: how the disk is read. */
  next: (block: number, blocks: number) => number;
}

const inOrder = (block: number, blocks: number): number => (block + 1) % blocks;

/** A full period over any number of blocks up to 2^16, far from order. */
const scattered = (block: number, blocks: number): number => (block + 40503) % blocks;

/** One guest that keeps the ring of one disk full, and dom0 that serves it, on the machine's clock. */
class Reader {
  readonly schedule: Schedule = realClock();
  private readonly xen = new Hypervisor({schedule: this.schedule});
  private readonly workload: Workload;
  private readonly ring: BlockRing;
  private readonly frames: Gfn[][] = [];
  private readonly blocks: number;
  private block = 0;
  private done = 0;

  constructor(workload: Workload) {
    const dom0 = this.createKernel(DOM0);
    const guest = this.createKernel();
    this.workload = workload;
    this.blocks = Math.floor(workload.storage.sizeBytes / (workload.pages * PAGE_SIZE));
    const keeper = new GrantKeeper(guest);
    this.ring = new BlockRing(
      {
        ops: guest,
        otherDomid: DOM0,
        handle: 0,
        onComplete: (tag, status) => this.onComplete(tag, status),
        onBroken: (reason) => fail(reason),
      },
      keeper,
    );
    this.serve(dom0, guest);
    for (let tag = 0; tag < workload.depth; tag++) {
      this.frames.push(Array.from({length: workload.pages}, () => guest.pages.alloc() ?? fail('out of memory')));
      this.submit(tag);
    }
    this.ring.publish();
  }

  /** Requests a second over one run. */
  async measure(): Promise<number> {
    const [startNs, before] = [this.schedule.now(), this.done];
    await this.schedule.sleep(RUN_NS);
    return ((this.done - before) / (this.schedule.now() - startNs)) * NS_PER_S;
  }

  private serve(dom0: ProgramOps, guest: ProgramOps): void {
    const {storage} = this.workload;
    const transport = {
      otherDomid: guest.domid,
      ringHandle: dom0.gnttabMap(guest.domid, this.ring.page.ref, GNTMAP_host_map),
      port: dom0.evtchnBindInterdomain(guest.domid, this.ring.port),
      abi: guest.abi,
    };
    new BlockQueue({
      ops: dom0,
      transport,
      storage,
      limits: {sectors: storage.sizeBytes / SECTOR_BYTES, readonly: false, discard: false},
      stats: newStatistics(),
      batches: new Subject<BlockBatch>(),
      name: 'bench',
      onBroken: (reason) => fail(reason),
    }).start();
  }

  private submit(tag: number): void {
    const {pages, next} = this.workload;
    const sector = (this.block * pages * PAGE_SIZE) / SECTOR_BYTES;
    this.block = next(this.block, this.blocks);
    this.ring.submit(BLKIF_OP_READ, sector, this.frames[tag], pages, 0, LAST_SECT, tag);
  }

  private onComplete(tag: number, status: number): void {
    if (status !== BLKIF_RSP_OKAY) fail(`status ${status}`);
    this.done++;
    this.submit(tag);
  }

  private createKernel(domid?: DomId): ProgramOps {
    const domain = this.xen.createDomain({
      domid,
      pages: GUEST_PAGES,
      privileged: domid === DOM0,
      vcpu: (owner: Domain, index: number) => new ProgramVcpu(owner, index, this.schedule, this.xen.trace),
    });
    if (typeof domain === 'number') throw new Error(`createDomain: ${domain}`);
    this.xen.unpause(domain);
    return new ProgramOps(this.xen, domain, FIRST_FREE_GFN);
  }
}

const fail = (reason: string): never => {
  throw new Error(`block benchmark: ${reason}`);
};

/** Requests a second, in millions. */
const rate = async (workload: Workload): Promise<number> => {
  const reader = new Reader(workload);
  await reader.schedule.sleep(WARM_UP_NS);
  const rates: number[] = [];
  for (let run = 0; run < RUNS; run++) rates.push(await reader.measure());
  reader.schedule.close();
  return median(rates) / 1e6;
};

/** Reads a second of a plain loop over the same file, with the same lengths in the same order. */
const bareLoop = (fd: number, lengthBytes: number, next: Workload['next']): number => {
  const buffer = new Uint8Array(lengthBytes);
  const blocks = Math.floor(IMAGE_BYTES / lengthBytes);
  const endMs = performance.now() + RUN_NS / 1e6;
  const startMs = performance.now();
  let reads = 0;
  for (let block = 0; performance.now() < endMs;) {
    for (let i = 0; i < 64; i++, reads++) {
      readSync(fd, buffer, 0, lengthBytes, block * lengthBytes);
      block = next(block, blocks);
    }
  }
  return (reads / (performance.now() - startMs)) * 1e3;
};

/** The ring against the plain loop, in turns so that both see the same machine. */
const againstBareLoop = async (path: string, pages: number, next: Workload['next']): Promise<[number, number]> => {
  const storage = openStorage(path, {readonly: true});
  if (storage instanceof StorageError) throw storage;
  const fd = openSync(path, 'r');
  const reader = new Reader({storage, depth: DEPTH, pages, next});
  await reader.schedule.sleep(WARM_UP_NS);
  bareLoop(fd, pages * PAGE_SIZE, next);
  const ratios: number[] = [];
  const rates: number[] = [];
  for (let run = 0; run < RUNS; run++) {
    const bare = bareLoop(fd, pages * PAGE_SIZE, next);
    const ours = await reader.measure();
    ratios.push(ours / bare);
    rates.push(ours);
  }
  reader.schedule.close();
  storage.close();
  closeSync(fd);
  return [median(ratios), median(rates)];
};

/** A file with bytes in every block, in the page cache. */
const makeImage = (dir: string): string => {
  const path = join(dir, 'disk.img');
  const fd = openSync(path, 'w');
  const chunk = new Uint8Array(2 ** 20).fill(0x5a);
  for (let at = 0; at < IMAGE_BYTES; at += chunk.length) writeSync(fd, chunk, 0, chunk.length, at);
  ftruncateSync(fd, IMAGE_BYTES);
  closeSync(fd);
  return path;
};

const benchFile = async (): Promise<BenchRow[]> => {
  const dir = mkdtempSync(join(tmpdir(), 'pvsim-bench-'));
  try {
    const path = makeImage(dir);
    const rows: BenchRow[] = [];
    const cases = [
      {name: '4 KiB in order', pages: 1, next: inOrder, target: 0.75},
      {name: '4 KiB scattered', pages: 1, next: scattered, target: undefined},
      {name: '44 KiB in order', pages: MAX_PAGES_PER_REQUEST, next: inOrder, target: 0.9},
    ];
    for (const {name, pages, next, target} of cases) {
      const [ratio, requests] = await againstBareLoop(path, pages, next);
      rows.push({
        name: `block: file, ${name}, depth ${DEPTH}, against a bare fs.readSync loop`,
        value: ratio,
        unit: 'of its rate',
        target: target === undefined ? undefined : {value: target, sense: 'at least'},
        beside: {name: 'reads', value: requests / 1e6, unit: 'M/s'},
      });
    }
    return rows;
  } finally {
    rmSync(dir, {recursive: true, force: true});
  }
};

const benchRing = async (): Promise<BenchRow[]> => {
  const cases = [
    {name: `no data, depth ${DEPTH}`, storage: noData, depth: DEPTH, target: 1.5},
    {name: 'no data, depth 1', storage: noData, depth: 1, target: 0.5},
    {name: `RAM image, 4 KiB, depth ${DEPTH}`, storage: new RamImage(IMAGE_BYTES), depth: DEPTH, target: 1},
  ];
  const rows: BenchRow[] = [];
  for (const {name, storage, depth, target} of cases) {
    const value = await rate({storage, depth, pages: 1, next: inOrder});
    rows.push({name: `block: ${name}`, value, unit: 'M requests/s', target: {value: target, sense: 'at least'}});
  }
  return rows;
};

/** Reads by one guest with grants, checks and statistics on; both domains on one thread. */
export const benchBlock = async (): Promise<BenchRow[]> => [...(await benchRing()), ...(await benchFile())];
