import {Subject} from 'rxjs';
import {type BlockBatch, BlockMeter, BlockQueue, defaultFeatures, TransientMaps} from '../../backends/block/index.ts';
import type {IoVector, Storage} from '../../backends/storage/index.ts';
import {BlockRing, LAST_SECT} from '../../frontends/block/index.ts';
import {GrantKeeper} from '../../frontends/grant-keeper.ts';
import {GNTMAP_host_map} from '../../hypervisor/abi/grant-table.ts';
import {BLKIF_OP_READ, BLKIF_RSP_OKAY} from '../../hypervisor/abi/io/blkif.ts';
import {sectorUnits} from '../../hypervisor/abi/io/blkif-sectors.ts';
import {type Domain, DOM0, type DomId, type Gfn, Hypervisor} from '../../hypervisor/index.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import {NS_PER_S, realClock, type Schedule} from '../../hypervisor/schedule/index.ts';
import {ProgramOps, ProgramVcpu} from '../../hypervisor/vcpu/index.ts';

const GUEST_PAGES = 1024;
const FIRST_FREE_GFN = 16;
const SECTOR_BYTES = 512;
export const IMAGE_BYTES = 256 * 2 ** 20;

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
  /** Requests on the ring at any time. */
  depth: number;
  /** Of a request, 1..11. */
  pages: number;
  /** The block that comes after this one, of so many: how the disk is read. */
  next: (block: number, blocks: number) => number;
}

export const inOrder = (block: number, blocks: number): number => (block + 1) % blocks;

/** A full period over any number of blocks up to 2^16, far from order. */
export const scattered = (block: number, blocks: number): number => (block + 40503) % blocks;

/** One guest that keeps the ring of one disk full, and dom0 that serves it, on the machine's clock. */
export class BlockReader {
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
  async measure(runNs: number): Promise<number> {
    const [startNs, before] = [this.schedule.now(), this.done];
    await this.schedule.sleep(runNs);
    return ((this.done - before) / (this.schedule.now() - startNs)) * NS_PER_S;
  }

  private serve(dom0: ProgramOps, guest: ProgramOps): void {
    const {storage} = this.workload;
    const transport = {
      otherDomid: guest.domid,
      ringHandles: Int32Array.of(dom0.gnttabMap(guest.domid, this.ring.page.ref, GNTMAP_host_map)),
      port: dom0.evtchnBindInterdomain(guest.domid, this.ring.port),
      abi: guest.abi,
    };
    new BlockQueue({
      ops: dom0,
      transport,
      maps: new TransientMaps(dom0, guest.domid),
      disk: {
        storage,
        limits: {
          sizeBytes: storage.sizeBytes,
          sectorBytes: SECTOR_BYTES,
          units: sectorUnits('linux', SECTOR_BYTES),
          readonly: false,
          discard: false,
        },
      },
      features: defaultFeatures,
      meter: new BlockMeter(),
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
