import {GNTMAP_host_map, GNTMAP_readonly} from '../../hypervisor/abi/grant-table.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';

/** How a ring's requests reach the pages that the guest granted. */
export interface PageMaps {
  /**
   * Maps `count` references, all or none; `refs`, `handles` and the byte `offsets` of the pages in the guest's memory are
   * used from `at` on. Returns GNTST_*.
   */
  map(
    refs: Uint32Array,
    readonly: boolean,
    handles: Int32Array,
    offsets: Float64Array,
    at: number,
    count: number,
  ): number;
  unmap(handles: Int32Array, at: number, count: number): void;
  /** Nothing is under way: ends what is kept. */
  close(): void;
}

/** Maps what a request names, and unmaps it before the answer. */
export class TransientMaps implements PageMaps {
  private readonly ops: HypervisorOps;
  private readonly granter: number;

  constructor(ops: HypervisorOps, granter: number) {
    this.ops = ops;
    this.granter = granter;
  }

  map(
    refs: Uint32Array,
    readonly: boolean,
    handles: Int32Array,
    offsets: Float64Array,
    at: number,
    count: number,
  ): number {
    const flags = readonly ? GNTMAP_host_map | GNTMAP_readonly : GNTMAP_host_map;
    return this.ops.gnttabMapMany(this.granter, refs, flags, handles, offsets, at, count);
  }

  unmap(handles: Int32Array, at: number, count: number): void {
    this.ops.gnttabUnmapMany(handles, at, count);
  }

  close(): void {
    // Nothing is kept.
  }
}
