import type {Subscription} from 'rxjs';
import {GNTMAP_host_map} from '../../hypervisor/abi/grant-table.ts';
import {netif_rx_ring, netif_tx_ring} from '../../hypervisor/abi/io/netif.ts';
import type {RingTypes} from '../../hypervisor/abi/io/ring.ts';
import {BackRing, SharedRing} from '../../hypervisor/abi/ring.ts';
import {EINVAL} from '../../hypervisor/errno.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {DeviceError} from '../../hypervisor/xenbus/index.ts';
import type {FrontendNodes} from './frontend-nodes.ts';

/** The guest's two rings, mapped, and its event channels, bound. */
export class VifRings {
  tx: BackRing;
  rx: BackRing;
  readonly txPort: number;
  readonly rxPort: number;
  private readonly ops: HypervisorOps;
  private readonly handles: number[] = [];
  private readonly ports: number[] = [];
  private subscription: Subscription | undefined;

  /** DeviceError when the frontend's references or ports are not good; nothing stays held then. */
  constructor(ops: HypervisorOps, domid: number, nodes: FrontendNodes) {
    this.ops = ops;
    try {
      this.tx = this.map(domid, nodes.txRingRef, netif_tx_ring);
      this.rx = this.map(domid, nodes.rxRingRef, netif_rx_ring);
      this.txPort = this.bind(domid, nodes.txPort);
      this.rxPort = nodes.rxPort === nodes.txPort ? this.txPort : this.bind(domid, nodes.rxPort);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Calls back on the guest's events; on both for one that has a single port. */
  listen(onTx: () => void, onRx: () => void): void {
    this.subscription = this.ops.events(this.txPort).subscribe(onTx);
    this.subscription.add(this.ops.events(this.rxPort).subscribe(onRx));
  }

  /**
   * To be called first in a task: the guest's memory may have moved to another buffer since the last one. True when it
   * has, and the rings are others now.
   */
  followMemory(): boolean {
    const [txHandle, rxHandle] = this.handles;
    if (this.tx.shared.u32 === this.ops.mappedMemory(txHandle).u32) return false;
    this.tx = this.move(this.tx, txHandle, netif_tx_ring);
    this.rx = this.move(this.rx, rxHandle, netif_rx_ring);
    return true;
  }

  notify(port: number): void {
    this.ops.evtchnSend(port);
  }

  close(): void {
    this.subscription?.unsubscribe();
    for (const port of this.ports.splice(0)) this.ops.evtchnClose(port);
    for (const handle of this.handles.splice(0)) this.ops.gnttabUnmap(handle);
  }

  private map(domid: number, ref: number, types: RingTypes): BackRing {
    const handle = this.ops.gnttabMap(domid, ref, GNTMAP_host_map);
    if (handle < 0) throw new DeviceError(EINVAL, `mapping ${types.tag} ring ${ref}: grant status ${handle}`);
    this.handles.push(handle);
    // A frontend that was in use before may hand over a ring that has run.
    const shared = this.attach(handle, types);
    const back = new BackRing(shared, shared.rspProd);
    if (back.requestProdOverflow())
      throw new DeviceError(EINVAL, `${types.tag} ring ${ref} is overrun: ${String(back)}`);
    return back;
  }

  private attach(handle: number, types: RingTypes): SharedRing {
    const {u32} = this.ops.mappedMemory(handle);
    return new SharedRing(types, this.ops.abi, {u32, base: this.ops.mappedOffset(handle), sizeBytes: PAGE_SIZE});
  }

  private move(ring: BackRing, handle: number, types: RingTypes): BackRing {
    const moved = new BackRing(this.attach(handle, types), ring.reqCons);
    moved.rspProdPvt = ring.rspProdPvt;
    return moved;
  }

  private bind(domid: number, remotePort: number): number {
    const port = this.ops.evtchnBindInterdomain(domid, remotePort);
    if (port < 0) throw new DeviceError(port, `binding event channel ${remotePort}`);
    this.ports.push(port);
    return port;
  }
}
