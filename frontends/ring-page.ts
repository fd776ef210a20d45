import type {RingTypes} from '../hypervisor/abi/io/ring.ts';
import {FrontRing, SharedRing} from '../hypervisor/abi/ring.ts';
import {ENOMEM} from '../hypervisor/errno.ts';
import type {Gfn} from '../hypervisor/ids.ts';
import {PAGE_SIZE} from '../hypervisor/memory/index.ts';
import type {HypervisorOps} from '../hypervisor/ops.ts';
import {DeviceError} from '../hypervisor/xenbus/index.ts';
import type {GrantKeeper} from './grant-keeper.ts';

/** The page of a ring, granted to the backend. */
export class RingPage {
  readonly ring: FrontRing;
  /** What is published as the ring's reference. */
  readonly ref: number;
  private readonly gfn: Gfn;

  /** An empty ring of which the indexes start at `start`. DeviceError when there is no page or no grant entry. */
  constructor(ops: HypervisorOps, domid: number, types: RingTypes, start: number) {
    const gfn = ops.pages.alloc();
    if (gfn === undefined) throw new DeviceError(ENOMEM, `no page for the ${types.tag} ring`);
    const {u32} = ops.memory;
    const shared = new SharedRing(types, ops.abi, {u32, base: gfn * PAGE_SIZE, sizeBytes: PAGE_SIZE});
    shared.init();
    shared.reqProd = start;
    shared.rspProd = start;
    shared.reqEvent = start + 1;
    shared.rspEvent = start + 1;
    const ref = ops.grantor.grantAccess(domid, gfn, false);
    if (ref < 0) {
      ops.pages.free(gfn);
      throw new DeviceError(ref, `granting the ${types.tag} ring`);
    }
    this.ring = new FrontRing(shared, start);
    this.ref = ref;
    this.gfn = gfn;
  }

  release(keeper: GrantKeeper): void {
    keeper.release(this.ref, this.gfn);
  }
}
