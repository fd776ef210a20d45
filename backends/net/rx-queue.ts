import {GNTCOPY_dest_gref, GNTST_okay} from '../../hypervisor/abi/grant-table.ts';
import {NETIF_RSP_ERROR, NETRXF_more_data} from '../../hypervisor/abi/io/netif.ts';
import type {BackRing} from '../../hypervisor/abi/ring.ts';
import {DOMID_SELF} from '../../hypervisor/ids.ts';
import {PAGE_SHIFT, PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import type {FrameBatch} from '../network/index.ts';
import {Backlog} from './backlog.ts';
import type {PagePool} from './page-pool.ts';
import type {VifStats} from './stats.ts';
import type {Fault} from './tx-packet.ts';

/** netif_rx_request: id and padding; gref. */
const REQUEST_WORDS = 2;
const OVERRUN: Fault = 'more receive requests than the ring holds';

export interface RxQueueOptions {
  ops: HypervisorOps;
  /** The guest. */
  domid: number;
  ring: BackRing;
  pool: PagePool;
  stats: VifStats;
  /** Longest frame that the guest takes, bytes. */
  maxFrame: number;
  /** The guest takes frames of several slots. */
  canScatter: boolean;
  /** The guest tells us when it has posted room, so that frames may wait for it. @see netif.h, feature-rx-notify */
  canWait: boolean;
}

/** The receive ring of a guest: fills its posted pages with frames, and keeps some while it has none. */
export class RxQueue {
  /** The guest's memory may move, and the ring with it. */
  ring: BackRing;
  private readonly ops: HypervisorOps;
  private readonly domid: number;
  private readonly backlog: Backlog;
  private readonly stats: VifStats;
  private readonly maxFrame: number;
  private readonly canWait: boolean;
  private readonly request = new Uint32Array(REQUEST_WORDS);
  /** Requests known to be on the ring. */
  private available = 0;

  constructor(options: RxQueueOptions) {
    this.ops = options.ops;
    this.domid = options.domid;
    this.ring = options.ring;
    this.backlog = new Backlog(options.ops.memory, options.pool);
    this.stats = options.stats;
    this.maxFrame = options.canScatter ? options.maxFrame : Math.min(options.maxFrame, PAGE_SIZE);
    this.canWait = options.canWait;
  }

  /** Takes frames from the network. Responses are filled in, not published yet. Returns why it cannot go on, if so. */
  receive(batch: FrameBatch): Fault | undefined {
    if (this.ring.requestProdOverflow()) return OVERRUN;
    const {offsets, lengths, count} = batch;
    for (let i = 0; i < count; i++) {
      const length = lengths[i];
      if (length > this.maxFrame) this.stats.rxDropped++;
      else if (this.backlog.isEmpty && this.hasRoom(length)) this.deliver(offsets[i], length);
      else if (!this.canWait || !this.backlog.push(offsets[i], length)) this.stats.rxDropped++;
    }
    return undefined;
  }

  /** The guest has posted requests: delivers what waits. */
  drain(): Fault | undefined {
    if (this.ring.requestProdOverflow()) return OVERRUN;
    while (!this.backlog.isEmpty && this.hasRoom(this.backlog.headLength)) {
      const length = this.backlog.headLength;
      for (let done = 0, page = 0; done < length; done += PAGE_SIZE, page++) {
        this.fillSlot(this.backlog.headPage(page), Math.min(PAGE_SIZE, length - done), done + PAGE_SIZE < length);
      }
      this.count(length);
      this.backlog.shift();
    }
    return undefined;
  }

  clear(): void {
    this.backlog.clear();
  }

  /** True when requests for a frame are there; else an event will come once they are. */
  private hasRoom(length: number): boolean {
    const slots = Math.ceil(length / PAGE_SIZE);
    if (this.available >= slots) return true;
    this.available = this.ring.unconsumedRequests();
    if (this.available >= slots) return true;
    this.ring.awaitRequests(slots);
    this.available = this.ring.unconsumedRequests();
    return this.available >= slots;
  }

  private deliver(offset: number, length: number): void {
    let done = 0;
    for (; length - done > PAGE_SIZE; done += PAGE_SIZE) this.fillSlot(offset + done, PAGE_SIZE, true);
    this.fillSlot(offset + done, length - done, false);
    this.count(length);
  }

  private count(length: number): void {
    this.stats.rxPackets++;
    this.stats.rxBytes += length;
  }

  /** Fills the page of the next request. The response takes the request's own slot: frontends rely on it. */
  private fillSlot(offset: number, length: number, isMore: boolean): void {
    const {ring, request} = this;
    const {shared} = ring;
    ring.takeRequest(request);
    this.available--;
    const isCopied = this.copyOut(offset, request[1], 0, length);
    if (!isCopied) this.stats.rxErrors++;
    const word = shared.slotWord(ring.claimResponse());
    shared.u32[word] = request[0] & 0xffff;
    shared.u32[word + 1] = ((isMore ? NETRXF_more_data : 0) | ((isCopied ? length : NETIF_RSP_ERROR) << 16)) >>> 0;
  }

  /** Copies to a granted page from our memory, page by page of ours. */
  private copyOut(offset: number, gref: number, to: number, size: number): boolean {
    const inPage = offset & (PAGE_SIZE - 1);
    const length = Math.min(size, PAGE_SIZE - inPage);
    const status = this.ops.gnttabCopy(
      DOMID_SELF,
      offset >>> PAGE_SHIFT,
      inPage,
      this.domid,
      gref,
      to,
      length,
      GNTCOPY_dest_gref,
    );
    if (status !== GNTST_okay) return false;
    return length === size || this.copyOut(offset + length, gref, to + length, size - length);
  }
}
