import {Subject} from 'rxjs';
import {
  type BlockBatch,
  BlockMeter,
  BlockQueue,
  defaultFeatures,
  PersistentMaps,
  TransientMaps,
} from '../../backends/block/index.ts';
import type {IoVector, Storage} from '../../backends/storage/index.ts';
import {BlockRing, LAST_SECT} from '../../frontends/block/index.ts';
import {GrantKeeper} from '../../frontends/grant-keeper.ts';
import {GNTMAP_host_map} from '../../hypervisor/abi/grant-table.ts';
import {BLKIF_MAX_SEGMENTS_PER_REQUEST, BLKIF_OP_READ, BLKIF_RSP_OKAY} from '../../hypervisor/abi/io/blkif.ts';
import {sectorUnits} from '../../hypervisor/abi/io/blkif-sectors.ts';
import {type Ledger, opsOfDevice, type Side} from '../../hypervisor/cost/index.ts';
import {type Domain, DOM0, type DomId, type Gfn, Hypervisor, type HypervisorOps} from '../../hypervisor/index.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import {NS_PER_S, realClock, type Schedule} from '../../hypervisor/schedule/index.ts';
import {ProgramOps, ProgramVcpu} from '../../hypervisor/vcpu/index.ts';

const GUEST_PAGES = 4096;
const FIRST_FREE_GFN = 16;
const SECTOR_BYTES = 512;
export const IMAGE_BYTES = 256 * 2 ** 20;

const units = sectorUnits('linux', SECTOR_BYTES);

const fail = (reason: string): never => {
  throw new Error(`block benchmark: ${reason}`);
};

/** Storage that has no bytes: what is left is the ring, the grants and the events. */
export const noData: Storage = {
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

export interface Workload {
  storage: Storage;
  /** Requests under way at any time, on all rings together. */
  depth: number;
  /** Of a request, 1..256; more than 11 make an indirect one. */
  pages: number;
  /** The block that comes after this one, of so many: how the disk is read. */
  next: (block: number, blocks: number) => number;
  /** Whether grants stay mapped, or are mapped for each request. */
  persistent: boolean;
  /** 1 by default. */
  queues?: number;
  /** Counts what the disk costs. */
  ledger?: Ledger;
  /** Told of each ring before anything is on it. */
  onRing?: (xen: Hypervisor, guest: HypervisorOps, ring: BlockRing) => void;
}

export const inOrder = (block: number, blocks: number): number => (block + 1) % blocks;

/** A full period over any number of blocks up to 2^16, far from order. */
export const scattered = (block: number, blocks: number): number => (block + 40503) % blocks;

/** One guest that keeps the rings of one disk busy, and dom0 that serves them, on the machine's clock. */
export class BlockReader {
  readonly schedule: Schedule = realClock();
  private readonly xen: Hypervisor;
  private readonly workload: Workload;
  private readonly rings: readonly BlockRing[];
  private readonly frames: Gfn[][] = [];
  private readonly blocks: number;
  private readonly meter = new BlockMeter();
  private block = 0;
  private done = 0;
  /** Answered while paused. */
  private readonly held: number[] = [];
  private paused = false;

  constructor(workload: Workload) {
    this.xen = new Hypervisor({schedule: this.schedule, ledger: workload.ledger});
    const dom0 = this.driverOps(this.createKernel(DOM0), 'back');
    const guest = this.driverOps(this.createKernel(), 'front');
    this.workload = workload;
    this.blocks = Math.floor(workload.storage.sizeBytes / (workload.pages * PAGE_SIZE));
    this.rings = Array.from({length: workload.queues ?? 1}, () => this.createRing(guest));
    for (const ring of this.rings) {
      workload.onRing?.(this.xen, guest, ring);
      this.serve(dom0, guest, ring);
    }
    // One frame more for the segments of an indirect request.
    const framesOfRequest = workload.pages + (workload.pages > BLKIF_MAX_SEGMENTS_PER_REQUEST ? 1 : 0);
    for (let tag = 0; tag < workload.depth; tag++) {
      this.frames.push(Array.from({length: framesOfRequest}, () => guest.pages.alloc() ?? fail('out of memory')));
      this.submit(tag);
    }
    for (const ring of this.rings) ring.publish();
  }

  /** Does nothing more once what is under way is answered. */
  pause(): void {
    this.paused = true;
  }

  goOn(): void {
    this.paused = false;
    for (const tag of this.held.splice(0)) this.submit(tag);
    for (const ring of this.rings) ring.publish();
  }

  /** Requests a second over one run. */
  async measure(runNs: number): Promise<number> {
    const [startNs, before] = [this.schedule.now(), this.done];
    await this.schedule.sleep(runNs);
    return ((this.done - before) / (this.schedule.now() - startNs)) * NS_PER_S;
  }

  private createRing(guest: HypervisorOps): BlockRing {
    const {persistent, pages} = this.workload;
    const ring = new BlockRing(
      {
        ops: guest,
        otherDomid: DOM0,
        handle: 0,
        onComplete: (tag, status) => this.onComplete(tag, status),
        onBroken: (reason) => fail(reason),
      },
      new GrantKeeper(guest),
    );
    ring.agree({persistent, maxSegments: Math.max(pages, BLKIF_MAX_SEGMENTS_PER_REQUEST), units});
    return ring;
  }

  private serve(dom0: HypervisorOps, guest: HypervisorOps, ring: BlockRing): void {
    const {storage, persistent} = this.workload;
    const transport = {
      otherDomid: guest.domid,
      ringHandles: Int32Array.of(dom0.gnttabMap(guest.domid, ring.page.ref, GNTMAP_host_map)),
      port: dom0.evtchnBindInterdomain(guest.domid, ring.port),
      abi: guest.abi,
    };
    const {sizeBytes} = storage;
    new BlockQueue({
      ops: dom0,
      transport,
      maps: persistent
        ? new PersistentMaps(dom0, guest.domid, defaultFeatures.grants)
        : new TransientMaps(dom0, guest.domid),
      disk: {storage, limits: {sizeBytes, sectorBytes: SECTOR_BYTES, units, readonly: false, discard: false}},
      features: defaultFeatures,
      meter: this.meter,
      batches: new Subject<BlockBatch>(),
      name: 'bench',
      onUnsupported: () => fail('unsupported operation'),
      onBroken: (reason) => fail(reason),
    }).start();
  }

  private submit(tag: number): void {
    const {pages, next} = this.workload;
    const sector = (this.block * pages * PAGE_SIZE) / SECTOR_BYTES;
    this.block = next(this.block, this.blocks);
    const ring = this.rings[tag % this.rings.length];
    ring.submit(BLKIF_OP_READ, sector, this.frames[tag], pages, 0, LAST_SECT, tag);
  }

  private onComplete(tag: number, status: number): void {
    if (status !== BLKIF_RSP_OKAY) fail(`status ${status}`);
    this.done++;
    if (this.paused) this.held.push(tag);
    else this.submit(tag);
  }

  private driverOps(ops: HypervisorOps, side: Side): HypervisorOps {
    return opsOfDevice(ops, {domid: 1, device: 'vbd/51712', side});
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
