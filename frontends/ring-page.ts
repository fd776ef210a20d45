import type {RingTypes} from '../hypervisor/abi/io/ring.ts';
import {FrontRing, SharedRing} from '../hypervisor/abi/ring.ts';
import {ENOMEM, ENOSPC} from '../hypervisor/errno.ts';
import type {Gfn} from '../hypervisor/ids.ts';
import {PAGE_SIZE} from '../hypervisor/memory/index.ts';
import type {HypervisorOps} from '../hypervisor/ops.ts';
import {DeviceError} from '../hypervisor/xenbus/index.ts';
import type {GrantKeeper} from './grant-keeper.ts';

/** The pages of a ring, granted to the backend. */
export class RingPage {
  readonly ring: FrontRing;
  /** What is published as the ring's references, in its order. */
  readonly refs: readonly number[];
  private readonly frames: readonly Gfn[];

  /**
   * An empty ring of `count` pages, of which the indexes start at `start`. DeviceError when there is no page or no grant
   * entry.
   */
  constructor(ops: HypervisorOps, domid: number, types: RingTypes, start: number, count = 1) {
    const frames = allocate(ops, count, types.tag);
    const pages = frames.map((gfn) => gfn * PAGE_SIZE);
    const shared = new SharedRing(types, ops.abi, {u32: ops.memory.u32, pages});
    shared.init();
    shared.reqProd = start;
    shared.rspProd = start;
    shared.reqEvent = start + 1;
    shared.rspEvent = start + 1;
    const refs = new Uint32Array(count);
    if (!ops.grantor.grantMany(domid, frames, false, refs, 0, count)) {
      for (const gfn of frames) ops.pages.free(gfn);
      throw new DeviceError(ENOSPC, `granting the ${types.tag} ring`);
    }
    this.ring = new FrontRing(shared, start);
    this.refs = Array.from(refs);
    this.frames = frames;
  }

  /** Of a ring of one page. */
  get ref(): number {
    return this.refs[0];
  }

  release(keeper: GrantKeeper): void {
    this.refs.forEach((ref, i) => keeper.release(ref, this.frames[i]));
  }
}

const allocate = (ops: HypervisorOps, count: number, tag: string): Gfn[] => {
  const frames: Gfn[] = [];
  while (frames.length < count) {
    const gfn = ops.pages.alloc();
    if (gfn === undefined) {
      for (const each of frames) ops.pages.free(each);
      throw new DeviceError(ENOMEM, `no page for the ${tag} ring`);
    }
    frames.push(gfn);
  }
  return frames;
};
