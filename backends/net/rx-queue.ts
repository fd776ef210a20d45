import type {BackRing} from '../../hypervisor/abi/ring.ts';
import {counted} from '../../hypervisor/cost/index.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import type {Timer} from '../../hypervisor/schedule/index.ts';
import {type FrameFinisher, NO_OFFLOAD, OVER_IPV6, segmentBytes} from '../network/index.ts';
import {Backlog} from './backlog.ts';
import type {Reception} from './frontend-nodes.ts';
import type {PacketHash} from './packet-hash.ts';
import type {PagePool} from './page-pool.ts';
import {RxExtras} from './rx-extras.ts';
import {RxFiller, type RxFillerOptions} from './rx-filler.ts';
import type {VifStats} from './stats.ts';
import type {Fault} from './tx-packet.ts';

const OVERRUN: Fault = 'more receive requests than the ring holds';

export interface RxQueueOptions extends RxFillerOptions {
  pool: PagePool;
  finisher: FrameFinisher;
  /** What the guest takes; may change while it is connected. */
  reception: Reception;
  hash: PacketHash;
  /** How long a frame waits for room. */
  drainNs: number;
  /** The oldest frame has waited long enough: `expire` is to be called. */
  onExpiry: () => void;
}

/** The receive ring of a guest's queue: frames go into its posted pages, or wait while there are none. */
export class RxQueue {
  /** Requests that the frame which was tried last takes, if they were not there, else 0. */
  needed = 0;
  private readonly ops: HypervisorOps;
  private readonly filler: RxFiller;
  private readonly backlog: Backlog;
  private readonly stats: VifStats;
  private readonly reception: Reception;
  private readonly hash: PacketHash;
  private readonly finisher: FrameFinisher;
  private readonly drainNs: number;
  private readonly onExpiry: () => void;
  private readonly extras = new RxExtras();
  /** Requests known to be on the ring. */
  private available = 0;
  /** Where the frame at hand begins. */
  private start = 0;
  /** Set while frames wait. */
  private timer: Timer | undefined;

  constructor(options: RxQueueOptions) {
    this.ops = options.ops;
    this.filler = new RxFiller(options);
    this.backlog = new Backlog(options.ops.memory, options.pool);
    this.stats = options.stats;
    this.reception = options.reception;
    this.hash = options.hash;
    this.finisher = options.finisher;
    this.drainNs = options.drainNs;
    this.onExpiry = options.onExpiry;
  }

  /** The guest's memory may move, and the ring with it. */
  set ring(ring: BackRing) {
    this.filler.ring = ring;
  }

  /** The guest has posted what `needed` says. */
  get isReady(): boolean {
    return this.available >= this.needed;
  }

  /**
   * Looks at the ring, before frames are taken. Responses are filled in, not published yet. Returns why it cannot go on, if
   * so.
   */
  begin(): Fault | undefined {
    return this.look() ? undefined : OVERRUN;
  }

  /** Takes a frame from the network: it goes to the guest, or waits, or is dropped. */
  take(offset: number, length: number, offload: number): void {
    if (this.isTaken(offload)) this.enqueue(offset, length, offload);
    else this.finisher.finish(offset, length, offload, this.enqueueWhole);
  }

  /** The guest has posted requests: delivers what waits. */
  drain(): Fault | undefined {
    if (!this.look()) return OVERRUN;
    const {backlog} = this;
    while (!backlog.isEmpty && this.deliver(this.inBacklog, backlog.headLength, backlog.headOffload)) this.shift();
    return undefined;
  }

  /** Delivers what can be, and drops what has waited too long. */
  expire(): Fault | undefined {
    const fault = this.drain();
    const nowNs = this.ops.schedule.now();
    while (!this.backlog.isEmpty && this.backlog.headExpiryNs <= nowNs) {
      this.stats.rxDropped++;
      this.shift();
    }
    this.waitForExpiry();
    return fault;
  }

  clear(): void {
    this.backlog.clear();
    this.timer?.cancel();
    this.timer = undefined;
  }

  private isTaken(offload: number): boolean {
    if (offload === NO_OFFLOAD) return true;
    const {canBlank4, canBlank6, canSegment4, canSegment6} = this.reception;
    if ((offload & OVER_IPV6) === 0) return segmentBytes(offload) > 0 ? canSegment4 : canBlank4;
    return segmentBytes(offload) > 0 ? canSegment6 : canBlank6;
  }

  private enqueue(offset: number, length: number, offload: number): void {
    this.start = offset;
    if (length > this.maxLength(offload)) this.stats.rxDropped++;
    else if (!this.backlog.isEmpty || !this.deliver(this.inPiece, length, offload)) this.delay(offset, length, offload);
  }

  private readonly enqueueWhole = (offset: number, length: number): void => {
    this.enqueue(offset, length, NO_OFFLOAD);
  };

  /** Of a packet to be cut the MTU says nothing. */
  private maxLength(offload: number): number {
    const {canScatter, maxFrame} = this.reception;
    if (segmentBytes(offload) > 0) return Infinity;
    return canScatter ? maxFrame : Math.min(maxFrame, this.slotBytes);
  }

  private delay(offset: number, length: number, offload: number): void {
    const expiryNs = this.ops.schedule.now() + this.drainNs;
    if (!this.backlog.push(offset, length, offload, expiryNs)) {
      this.stats.rxDropped++;
      return;
    }
    this.ops.account?.add(counted.memcpyBytes, length);
    if (this.timer === undefined) this.waitForExpiry();
  }

  private shift(): void {
    this.backlog.shift();
    if (this.backlog.isEmpty) this.waitForExpiry();
  }

  private waitForExpiry(): void {
    const {schedule} = this.ops;
    this.timer?.cancel();
    this.timer = this.backlog.isEmpty
      ? undefined
      : schedule.after(Math.max(0, this.backlog.headExpiryNs - schedule.now()), this.onExpiry);
  }

  /** Bytes of a frame that a page takes. */
  private get slotBytes(): number {
    return PAGE_SIZE - this.reception.headroom;
  }

  private readonly inPiece = (at: number): number => this.start + at;

  private readonly inBacklog = (at: number): number => this.backlog.headByte(at);

  /** Puts a frame into the guest's pages. False when there are too few requests: an event will come once there are more. */
  private deliver(place: (at: number) => number, length: number, offload: number): boolean {
    const {extras, hash, filler} = this;
    const {headroom} = this.reception;
    extras.count = 0;
    if (offload !== NO_OFFLOAD || hash.isOn || headroom > 0)
      extras.describe(this.ops.memory.u8, place(0), Math.min(length, PAGE_SIZE), offload, hash, headroom);
    const slots = Math.ceil(length / this.slotBytes) + extras.count;
    if (!this.hasRequests(slots)) return false;
    this.available -= slots;
    filler.fill(place, length, offload, extras, headroom);
    return true;
  }

  private hasRequests(count: number): boolean {
    this.needed = 0;
    if (this.available >= count) return true;
    this.filler.ring.awaitRequests(count);
    if (this.look() && this.available >= count) return true;
    this.needed = count;
    return false;
  }

  /** One look at the guest's index: what is checked is what is used. False when the ring cannot hold so many requests. */
  private look(): boolean {
    const {ring} = this.filler;
    const {reqProd} = ring.shared;
    const isSound = !ring.requestProdOverflow(reqProd);
    this.available = isSound ? ring.unconsumedRequests(reqProd) : 0;
    return isSound;
  }
}
