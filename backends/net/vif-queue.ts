import {NS_PER_MS, NS_PER_S} from '../../hypervisor/schedule/index.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import type {Credit} from './credit.ts';
import type {NetFeatures} from './features.ts';
import type {QueueNodes, Reception} from './frontend-nodes.ts';
import type {MulticastFilter} from './multicast-filter.ts';
import type {PacketHash} from './packet-hash.ts';
import type {PacketTap} from './packet-tap.ts';
import {QueueRings} from './queue-rings.ts';
import {RxQueue} from './rx-queue.ts';
import type {NetbackShare} from './share.ts';
import {StaticGrants} from './static-grants.ts';
import type {VifStats} from './stats.ts';
import type {Fault} from './tx-packet.ts';
import type {Turns} from './turns.ts';
import {TxQueue} from './tx-queue.ts';

/** Of a frontend without feature-rx-notify the receive ring is looked at so often while frames wait, as by Linux. */
const POLL_NS = 30 * NS_PER_MS;

/** What a queue has of its vif. */
export interface VifQueueHost {
  readonly ops: HypervisorOps;
  readonly share: NetbackShare;
  /** The guest. */
  readonly domid: number;
  readonly features: NetFeatures;
  readonly reception: Reception;
  readonly stats: VifStats;
  readonly tap: PacketTap;
  readonly credit: Credit;
  readonly filter: MulticastFilter;
  readonly hash: PacketHash;
  readonly turns: Turns;
  /** Sends the frames in the share's area. */
  readonly forward: () => void;
  /** A queue is stuck, or not any more. */
  readonly onStall: (isStalled: boolean) => void;
  /** The guest's rings cannot be gone on with. */
  readonly onFault: (fault: Fault) => void;
}

/** One queue of a vif: a pair of the guest's rings. */
export class VifQueue {
  /** Pages that the guest has had mapped for good. */
  readonly statics: StaticGrants;
  private readonly host: VifQueueHost;
  /** "vif1.0", with "-q1" for other queues than the first. */
  private readonly name: string;
  private readonly rings: QueueRings;
  private readonly tx: TxQueue;
  private readonly rx: RxQueue;
  private readonly stallNs: number;
  private isStalled = false;
  /** When something was last put into the guest's pages, host time. */
  private lastFilledNs: number;
  private isClosed = false;

  /** DeviceError when the guest's rings or ports are not good. */
  constructor(host: VifQueueHost, name: string, nodes: QueueNodes) {
    const {ops, share, domid, features, reception} = host;
    this.host = host;
    this.name = name;
    this.rings = new QueueRings(ops, domid, nodes);
    this.statics = new StaticGrants(ops, domid);
    const {statics} = this;
    this.tx = new TxQueue({...host, statics, ring: this.rings.tx.ring, area: share.area, onFrames: host.forward});
    this.rx = new RxQueue({
      ...host,
      statics,
      ring: this.rings.rx.ring,
      pool: share.pool,
      finisher: share.finisher,
      drainNs: reception.canWait ? features.drain * NS_PER_MS : POLL_NS,
      onExpiry: this.expire,
    });
    this.stallNs = reception.canWait && features.stall > 0 ? features.stall * NS_PER_S : Infinity;
    this.lastFilledNs = ops.schedule.now();
  }

  listen(): void {
    this.rings.listen(this.serve, this.drainRx);
  }

  close(): void {
    this.isClosed = true;
    this.rings.close();
    this.statics.close();
    this.rx.clear();
  }

  /** To be called before frames are given; false: the rings cannot be gone on with. */
  begin(): boolean {
    this.follow();
    return this.passes(this.rx.begin());
  }

  /** A frame for the guest. @see FrameBatch */
  give(offset: number, length: number, offload: number): void {
    if (this.isStalled) this.host.stats.rxDropped++;
    else this.rx.take(offset, length, offload);
  }

  /** Frames have been given: the guest is told. */
  end(): void {
    const {rx} = this.rings;
    const {ring} = rx;
    const responses = (ring.rspProdPvt - ring.shared.rspProd) >>> 0;
    if (responses > 0) {
      this.lastFilledNs = this.host.ops.schedule.now();
      this.trace('rx', responses);
      this.host.ops.account?.endBatch();
      if (ring.pushResponsesAndCheckNotify()) this.notify(this.rings.rxPort);
    }
    this.lookForStall();
  }

  /** Takes what the guest has put on its transmit ring, when it is its turn. */
  readonly serve = (): void => this.host.turns.take(this.drainTx);

  private readonly drainTx = (): void => {
    if (this.isClosed) return;
    this.follow();
    const {ring} = this.rings.tx;
    const before = ring.reqCons;
    if (!this.passes(this.tx.drain())) return;
    const taken = (ring.reqCons - before) >>> 0;
    if (taken > 0) this.trace('tx', taken);
    this.host.ops.account?.endBatch();
    if (taken > 0 && ring.pushResponsesAndCheckNotify()) this.notify(this.rings.txPort);
    // More than a ring full at one go would keep the other guests waiting.
    if (!this.tx.isHeld && ring.finalCheckForRequests() > 0) this.serve();
  };

  toString(): string {
    return `tx ${String(this.rings.tx.ring)}, rx ${String(this.rings.rx.ring)}`;
  }

  private readonly drainRx = (): void => {
    if (this.isClosed) return;
    this.follow();
    if (this.passes(this.rx.drain())) this.end();
  };

  private readonly expire = (): void => {
    if (this.isClosed) return;
    this.follow();
    if (this.passes(this.rx.expire())) this.end();
  };

  /** @see Linux, drivers/net/xen-netback/rx.c, xenvif_rx_queue_stalled */
  private lookForStall(): void {
    const {rx, stallNs, host} = this;
    if (rx.needed === 0 && !this.isStalled) return;
    const isStuck = !rx.isReady && host.ops.schedule.now() - this.lastFilledNs > stallNs;
    if (this.isStalled ? !rx.isReady : !isStuck) return;
    this.isStalled = !this.isStalled;
    if (this.isStalled) host.stats.rxStalls++;
    host.onStall(this.isStalled);
  }

  private follow(): void {
    const {tx, rx} = this.rings;
    if (tx.follow()) this.tx.ring = tx.ring;
    if (rx.follow()) this.rx.ring = rx.ring;
  }

  private passes(fault: Fault | undefined): boolean {
    if (fault !== undefined) this.host.onFault(fault);
    return fault === undefined;
  }

  private notify(port: number): void {
    this.host.stats.notifications++;
    this.rings.notify(port);
  }

  private trace(direction: 'tx' | 'rx', slots: number): void {
    const {trace, domid} = this.host.ops;
    if (trace.on) trace.emit('ring_batch', domid, `${this.name}-${direction}`, slots, slots);
  }
}
