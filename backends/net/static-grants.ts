import {GNTMAP_host_map, GNTMAP_readonly} from '../../hypervisor/abi/grant-table.ts';
import {counted} from '../../hypervisor/cost/index.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';

/** Grants of one queue that may be kept mapped: a page for each slot of both its rings. */
export const MAX_STATIC_GRANTS = 512;

interface StaticMap {
  readonly handle: number;
  readonly isReadonly: boolean;
}

/** Pages of one of a guest's queues that stay mapped, as the guest has asked. @see netif.h, "Static Grants" */
export class StaticGrants {
  private readonly ops: HypervisorOps;
  private readonly domid: number;
  private readonly maps = new Map<number, StaticMap>();

  constructor(ops: HypervisorOps, domid: number) {
    this.ops = ops;
    this.domid = domid;
  }

  /** Maps all of these, or none: false when one cannot be, is there already, or there are too many. */
  add(grants: readonly {readonly ref: number; readonly isReadonly: boolean}[]): boolean {
    const {ops, maps} = this;
    const added: number[] = [];
    for (const {ref, isReadonly} of grants) {
      const isFree = !maps.has(ref) && maps.size < MAX_STATIC_GRANTS;
      const flags = GNTMAP_host_map | (isReadonly ? GNTMAP_readonly : 0);
      const handle = isFree ? ops.gnttabMap(this.domid, ref, flags) : -1;
      if (handle < 0) {
        for (const each of added) this.delete(each);
        return false;
      }
      maps.set(ref, {handle, isReadonly});
      added.push(ref);
    }
    return true;
  }

  /** False when it is not there. */
  delete(ref: number): boolean {
    const map = this.maps.get(ref);
    if (map === undefined) return false;
    this.ops.gnttabUnmap(map.handle);
    return this.maps.delete(ref);
  }

  /** Copies from a page that is mapped to our memory. Undefined: it is not. */
  copyFrom(ref: number, offset: number, to: number, length: number): boolean | undefined {
    const map = this.maps.size === 0 ? undefined : this.maps.get(ref);
    if (map === undefined) return undefined;
    const from = this.ops.mappedOffset(map.handle) + offset;
    this.ops.memory.u8.set(this.ops.mappedMemory(map.handle).u8.subarray(from, from + length), to);
    this.ops.account?.add(counted.memcpyBytes, length);
    return true;
  }

  /** Copies from our memory to a page that is mapped; false when it may only be read. Undefined: it is not mapped. */
  copyTo(ref: number, offset: number, from: number, length: number): boolean | undefined {
    const map = this.maps.size === 0 ? undefined : this.maps.get(ref);
    if (map === undefined) return undefined;
    if (map.isReadonly) return false;
    const to = this.ops.mappedOffset(map.handle) + offset;
    this.ops.mappedMemory(map.handle).u8.set(this.ops.memory.u8.subarray(from, from + length), to);
    this.ops.account?.add(counted.memcpyBytes, length);
    return true;
  }

  close(): void {
    for (const ref of this.maps.keys()) this.delete(ref);
  }
}
