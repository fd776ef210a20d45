import {GNTCOPY_source_gref, GNTMAP_host_map, GNTMAP_readonly, GNTST_okay} from '../../hypervisor/abi/grant-table.ts';
import {counted} from '../../hypervisor/cost/index.ts';
import {DOMID_SELF} from '../../hypervisor/ids.ts';
import {PAGE_SHIFT, PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import type {StaticGrants} from './static-grants.ts';

/**
 * Brings what a guest sends into our memory, before anybody looks at it: short parts by GNTTABOP_copy, longer ones from a
 * mapping of their page.
 */
export class TxStager {
  /** Parts that were mapped since this was last set to 0. */
  mapped = 0;
  private readonly ops: HypervisorOps;
  private readonly domid: number;
  private readonly copybreak: number;
  private readonly statics: StaticGrants;

  /** Parts of more than `copybreak` bytes are mapped; `statics` are already. */
  constructor(ops: HypervisorOps, domid: number, copybreak: number, statics: StaticGrants) {
    this.ops = ops;
    this.domid = domid;
    this.copybreak = copybreak;
    this.statics = statics;
  }

  /** Brings `size` bytes from `offset` of a granted page to `at` in our memory. False when the grant does not allow it. */
  take(gref: number, offset: number, at: number, size: number): boolean {
    const isTaken = this.statics.copyFrom(gref, offset, at, size);
    if (isTaken !== undefined) return isTaken;
    return size > this.copybreak ? this.map(gref, offset, at, size) : this.copy(gref, offset, at, size);
  }

  /** Page by page of ours. */
  private copy(gref: number, offset: number, at: number, size: number): boolean {
    const inPage = at & (PAGE_SIZE - 1);
    const length = Math.min(size, PAGE_SIZE - inPage);
    const status = this.ops.gnttabCopy(
      this.domid,
      gref,
      offset,
      DOMID_SELF,
      at >>> PAGE_SHIFT,
      inPage,
      length,
      GNTCOPY_source_gref,
    );
    if (status !== GNTST_okay) return false;
    return length === size || this.copy(gref, offset + length, at + length, size - length);
  }

  private map(gref: number, offset: number, at: number, size: number): boolean {
    const {ops} = this;
    const handle = ops.gnttabMap(this.domid, gref, GNTMAP_host_map | GNTMAP_readonly);
    if (handle < 0) return false;
    const from = ops.mappedOffset(handle) + offset;
    ops.memory.u8.set(ops.mappedMemory(handle).u8.subarray(from, from + size), at);
    ops.gnttabUnmap(handle);
    ops.account?.add(counted.memcpyBytes, size);
    this.mapped++;
    return true;
  }
}
