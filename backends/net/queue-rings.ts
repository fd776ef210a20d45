import type {Subscription} from 'rxjs';
import {netif_rx_ring, netif_tx_ring} from '../../hypervisor/abi/io/netif.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import type {QueueNodes} from './frontend-nodes.ts';
import {bindPort, MappedRing} from './mapped-ring.ts';

/** The two rings of one of the guest's queues, mapped, and its event channels, bound. */
export class QueueRings {
  readonly tx: MappedRing;
  readonly rx: MappedRing;
  readonly txPort: number;
  readonly rxPort: number;
  private readonly ops: HypervisorOps;
  /** What gives back all that we hold. */
  private readonly releases: (() => void)[] = [];
  private subscription: Subscription | undefined;

  /** DeviceError when the frontend's references or ports are not good; nothing stays held then. */
  constructor(ops: HypervisorOps, domid: number, nodes: QueueNodes) {
    this.ops = ops;
    try {
      this.tx = this.held(new MappedRing(ops, domid, nodes.txRingRef, netif_tx_ring));
      this.rx = this.held(new MappedRing(ops, domid, nodes.rxRingRef, netif_rx_ring));
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

  notify(port: number): void {
    this.ops.evtchnSend(port);
  }

  close(): void {
    this.subscription?.unsubscribe();
    for (const release of this.releases.splice(0).toReversed()) release();
  }

  private held(ring: MappedRing): MappedRing {
    this.releases.push(() => ring.close());
    return ring;
  }

  private bind(domid: number, remotePort: number): number {
    const port = bindPort(this.ops, domid, remotePort);
    this.releases.push(() => this.ops.evtchnClose(port));
    return port;
  }
}
