import {GNTMAP_host_map} from '../../hypervisor/abi/grant-table.ts';
import type {RingTypes} from '../../hypervisor/abi/io/ring.ts';
import {BackRing, SharedRing} from '../../hypervisor/abi/ring.ts';
import {EINVAL} from '../../hypervisor/errno.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {DeviceError} from '../../hypervisor/xenbus/index.ts';

/** A ring of the guest's, mapped. */
export class MappedRing {
  /** Another one when the guest's memory has moved. @see follow */
  ring: BackRing;
  private readonly ops: HypervisorOps;
  private readonly types: RingTypes;
  private readonly handle: number;

  /** DeviceError when the frontend's reference is not good, or the ring overrun; nothing stays mapped then. */
  constructor(ops: HypervisorOps, domid: number, ref: number, types: RingTypes) {
    this.ops = ops;
    this.types = types;
    this.handle = ops.gnttabMap(domid, ref, GNTMAP_host_map);
    if (this.handle < 0) throw new DeviceError(EINVAL, `mapping ${types.tag} ring ${ref}: grant status ${this.handle}`);
    // A frontend that was in use before may hand over a ring that has run.
    const shared = this.attach();
    this.ring = new BackRing(shared, shared.rspProd);
    if (!this.ring.requestProdOverflow()) return;
    this.close();
    throw new DeviceError(EINVAL, `${types.tag} ring ${ref} is overrun: ${String(this.ring)}`);
  }

  /**
   * To be called first in a task: the guest's memory may have moved to another buffer since the last one. True when it
   * has, and `ring` is another now.
   */
  follow(): boolean {
    const {ring, handle} = this;
    if (ring.shared.u32 === this.ops.mappedMemory(handle).u32) return false;
    this.ring = new BackRing(this.attach(), ring.reqCons);
    this.ring.rspProdPvt = ring.rspProdPvt;
    return true;
  }

  close(): void {
    this.ops.gnttabUnmap(this.handle);
  }

  private attach(): SharedRing {
    const {u32} = this.ops.mappedMemory(this.handle);
    const base = this.ops.mappedOffset(this.handle);
    return new SharedRing(this.types, this.ops.abi, {u32, base, sizeBytes: PAGE_SIZE});
  }
}

/** Binds an event channel of the guest's. DeviceError when it cannot be. */
export const bindPort = (ops: HypervisorOps, domid: number, remotePort: number): number => {
  const port = ops.evtchnBindInterdomain(domid, remotePort);
  if (port < 0) throw new DeviceError(port, `binding event channel ${remotePort}`);
  return port;
};
