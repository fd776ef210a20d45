import type {Subject} from 'rxjs';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import type {BridgeLink, BridgePort, FrameBatch, VifPlace} from '../network/index.ts';
import type {FrontendNodes} from './frontend-nodes.ts';
import type {PacketTap} from './packet-tap.ts';
import {RxQueue} from './rx-queue.ts';
import type {NetbackShare} from './share.ts';
import type {VifStats} from './stats.ts';
import type {Fault} from './tx-packet.ts';
import {TxQueue} from './tx-queue.ts';
import {VifRings} from './vif-rings.ts';

/** Frames that passed a vif, copies. */
export interface VifFrames {
  /** Host time. */
  readonly timeNs: number;
  /** As the guest sees it. */
  readonly direction: 'tx' | 'rx';
  readonly frames: readonly Uint8Array[];
}

export interface VifOptions {
  ops: HypervisorOps;
  share: NetbackShare;
  /** The guest. */
  domid: number;
  /** "vif1.0" */
  name: string;
  nodes: FrontendNodes;
  stats: VifStats;
  captures: Subject<VifFrames>;
  tap: PacketTap;
  /** The guest's rings cannot be gone on with; the vif has let go of them. */
  onFault: (fault: Fault) => void;
}

/** A vif while its guest is connected: two rings on one side, a port of a bridge on the other. */
export class Vif implements BridgePort {
  readonly name: string;
  private readonly ops: HypervisorOps;
  private readonly stats: VifStats;
  private readonly captures: Subject<VifFrames>;
  private readonly onFault: (fault: Fault) => void;
  private readonly share: NetbackShare;
  private readonly rings: VifRings;
  private readonly tx: TxQueue;
  private readonly rx: RxQueue;
  private link: BridgeLink | undefined;
  private closed = false;

  /** DeviceError when the guest's rings or ports are not good. */
  constructor(options: VifOptions) {
    const {ops, share, domid, nodes, stats, tap} = options;
    this.name = options.name;
    this.ops = ops;
    this.share = share;
    this.stats = stats;
    this.captures = options.captures;
    this.onFault = options.onFault;
    this.rings = new VifRings(ops, domid, nodes);
    const onFrames = (): void => this.forward();
    this.tx = new TxQueue({ops, domid, ring: this.rings.tx, area: share.area, stats, tap, onFrames});
    this.rx = new RxQueue({
      ops,
      domid,
      ring: this.rings.rx,
      pool: share.pool,
      finisher: share.finisher,
      stats,
      tap,
      ...nodes,
    });
  }

  /** Joins the bridge: frames flow from now on. False when the bridge is full. */
  start({bridge, port}: VifPlace): boolean {
    this.link = bridge.attach(this, port);
    if (this.link === undefined) return false;
    this.rings.listen(this.drainTx, this.drainRx);
    return true;
  }

  receive(batch: FrameBatch): void {
    if (this.closed) return;
    this.followMemory();
    this.show('rx', batch);
    this.afterRx(this.rx.receive(batch));
  }

  /** Leaves the bridge, lets go of the rings. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.link?.detach();
    this.rings.close();
    this.rx.clear();
  }

  toString(): string {
    return `${this.name} tx ${String(this.rings.tx)}, rx ${String(this.rings.rx)}`;
  }

  private readonly drainTx = (): void => {
    if (this.closed) return;
    this.followMemory();
    const {tx} = this.rings;
    const before = tx.reqCons;
    const fault = this.tx.drain();
    if (fault !== undefined) return this.fail(fault);
    const taken = (tx.reqCons - before) >>> 0;
    if (taken > 0) this.trace('tx', taken, taken);
    if (taken > 0 && tx.pushResponsesAndCheckNotify()) this.notify(this.rings.txPort);
    // More than a ring full at one go would keep the other guests waiting.
    if (tx.finalCheckForRequests() > 0) this.ops.schedule.post(this.drainTx);
  };

  private readonly drainRx = (): void => {
    if (this.closed) return;
    this.followMemory();
    this.afterRx(this.rx.drain());
  };

  private followMemory(): void {
    if (!this.rings.followMemory()) return;
    this.tx.ring = this.rings.tx;
    this.rx.ring = this.rings.rx;
  }

  private afterRx(fault: Fault | undefined): void {
    if (fault !== undefined) return this.fail(fault);
    const {rx} = this.rings;
    const responses = (rx.rspProdPvt - rx.shared.rspProd) >>> 0;
    if (responses === 0) return;
    this.trace('rx', responses, responses);
    if (rx.pushResponsesAndCheckNotify()) this.notify(this.rings.rxPort);
  }

  /** Sends what the transmit queue has put together. */
  private forward(): void {
    const {batch} = this.share.area;
    this.show('tx', batch);
    this.link?.send(batch);
  }

  private notify(port: number): void {
    this.stats.notifications++;
    this.rings.notify(port);
  }

  private show(direction: VifFrames['direction'], batch: FrameBatch): void {
    if (!this.captures.observed) return;
    this.captures.next({timeNs: this.ops.schedule.now(), direction, frames: batch.copies()});
  }

  private trace(queue: VifFrames['direction'], requests: number, responses: number): void {
    const {trace, domid} = this.ops;
    if (trace.on) trace.emit('ring_batch', domid, `${this.name}-${queue}`, requests, responses);
  }

  private fail(fault: Fault): void {
    this.close();
    this.onFault(fault);
  }
}
