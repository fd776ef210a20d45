import {GNTCOPY_dest_gref, GNTST_okay} from '../../hypervisor/abi/grant-table.ts';
import {
  NETIF_RSP_ERROR,
  NETRXF_csum_blank,
  NETRXF_data_validated,
  NETRXF_extra_info,
  NETRXF_more_data,
  XEN_NETIF_EXTRA_TYPE_GSO,
  XEN_NETIF_GSO_TYPE_TCPV4,
} from '../../hypervisor/abi/io/netif.ts';
import type {BackRing} from '../../hypervisor/abi/ring.ts';
import {DOMID_SELF} from '../../hypervisor/ids.ts';
import {PAGE_SHIFT, PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {type FrameBatch, type FrameFinisher, NO_OFFLOAD, segmentBytes} from '../network/index.ts';
import {Backlog} from './backlog.ts';
import type {PacketTap} from './packet-tap.ts';
import type {PagePool} from './page-pool.ts';
import type {VifStats} from './stats.ts';
import type {Fault} from './tx-packet.ts';

/** netif_rx_request: id and padding; gref. */
const REQUEST_WORDS = 2;
/** In place of an offset. */
const IN_BACKLOG = -1;
const OVERRUN: Fault = 'more receive requests than the ring holds';

export interface RxQueueOptions {
  ops: HypervisorOps;
  /** The guest. */
  domid: number;
  ring: BackRing;
  pool: PagePool;
  finisher: FrameFinisher;
  stats: VifStats;
  tap: PacketTap;
  /** Longest frame that the guest takes, bytes. */
  maxFrame: number;
  /** The guest takes frames of several slots. */
  canScatter: boolean;
  /** The guest takes TCP and UDP over IPv4 with a blank checksum. */
  canBlank: boolean;
  /** The guest takes TCP over IPv4 that is still to be cut into segments. */
  canSegment: boolean;
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
  private readonly tap: PacketTap;
  private readonly maxFrame: number;
  private readonly canWait: boolean;
  private readonly canBlank: boolean;
  private readonly canSegment: boolean;
  private readonly finisher: FrameFinisher;
  private readonly request = new Uint32Array(REQUEST_WORDS);
  /** Requests known to be on the ring. */
  private available = 0;
  /** Of the packet under way; kept while somebody captures. */
  private grefs: number[] = [];

  constructor(options: RxQueueOptions) {
    this.ops = options.ops;
    this.domid = options.domid;
    this.ring = options.ring;
    this.backlog = new Backlog(options.ops.memory, options.pool);
    this.stats = options.stats;
    this.tap = options.tap;
    this.maxFrame = options.canScatter ? options.maxFrame : Math.min(options.maxFrame, PAGE_SIZE);
    this.canWait = options.canWait;
    this.canBlank = options.canBlank;
    this.canSegment = options.canSegment;
    this.finisher = options.finisher;
  }

  /** Takes frames from the network. Responses are filled in, not published yet. Returns why it cannot go on, if so. */
  receive(batch: FrameBatch): Fault | undefined {
    if (!this.look()) return OVERRUN;
    const {offsets, lengths, offloads, count} = batch;
    for (let i = 0; i < count; i++) {
      if (this.isTaken(offloads[i])) this.enqueue(offsets[i], lengths[i], offloads[i]);
      else this.finisher.finish(offsets[i], lengths[i], offloads[i], this.enqueueWhole);
    }
    return undefined;
  }

  /** The guest has posted requests: delivers what waits. */
  drain(): Fault | undefined {
    if (!this.look()) return OVERRUN;
    const {backlog} = this;
    while (!backlog.isEmpty && this.hasRoom(backlog.headLength, backlog.headOffload)) {
      this.deliver(IN_BACKLOG, backlog.headLength, backlog.headOffload);
      backlog.shift();
    }
    return undefined;
  }

  clear(): void {
    this.backlog.clear();
  }

  private isTaken(offload: number): boolean {
    if (offload === NO_OFFLOAD) return true;
    return segmentBytes(offload) > 0 ? this.canSegment : this.canBlank;
  }

  /** A frame goes to the guest, or waits, or is dropped. */
  private enqueue(offset: number, length: number, offload: number): void {
    if (length > this.maxFrame && segmentBytes(offload) === 0) this.stats.rxDropped++;
    else if (this.backlog.isEmpty && this.hasRoom(length, offload)) this.deliver(offset, length, offload);
    else if (!this.canWait || !this.backlog.push(offset, length, offload)) this.stats.rxDropped++;
  }

  private readonly enqueueWhole = (offset: number, length: number): void => {
    this.enqueue(offset, length, NO_OFFLOAD);
  };

  /** True when requests for a frame are there; else an event will come once they are. */
  private hasRoom(length: number, offload: number): boolean {
    const slots = Math.ceil(length / PAGE_SIZE) + (segmentBytes(offload) > 0 ? 1 : 0);
    if (this.available >= slots) return true;
    this.ring.awaitRequests(slots);
    return this.look() && this.available >= slots;
  }

  /** One look at the guest's index: what is checked is what is used. False when the ring cannot hold so many requests. */
  private look(): boolean {
    const {ring} = this;
    const {reqProd} = ring.shared;
    const isSound = !ring.requestProdOverflow(reqProd);
    this.available = isSound ? ring.unconsumedRequests(reqProd) : 0;
    return isSound;
  }

  /** Fills the slots of a frame at `offset`, or of the oldest IN_BACKLOG. @see netif.h, "Guest receive" */
  private deliver(offset: number, length: number, offload: number): void {
    const segmentSize = segmentBytes(offload);
    const first = this.ring.reqCons;
    let flags = offload === NO_OFFLOAD ? 0 : NETRXF_csum_blank | NETRXF_data_validated;
    if (segmentSize > 0) flags |= NETRXF_extra_info;
    for (let page = 0, left = length; left > 0; page++, left -= PAGE_SIZE) {
      const from = offset === IN_BACKLOG ? this.backlog.headPage(page) : offset + page * PAGE_SIZE;
      this.fillSlot(from, Math.min(PAGE_SIZE, left), flags | (left > PAGE_SIZE ? NETRXF_more_data : 0));
      if (page === 0 && segmentSize > 0) this.fillExtra(segmentSize);
      flags = 0;
    }
    this.count(length);
    if (this.tap.on) this.show(first, offset, length, offload);
  }

  private show(first: number, offset: number, length: number, offload: number): void {
    const {ops, ring, grefs} = this;
    const bytes = new Uint8Array(length);
    for (let at = 0, page = 0; at < length; at += PAGE_SIZE, page++) {
      const from = offset === IN_BACKLOG ? this.backlog.headPage(page) : offset + at;
      bytes.set(ops.memory.u8.subarray(from, from + Math.min(PAGE_SIZE, length - at)), at);
    }
    this.grefs = [];
    this.tap.show(ops, ring, first, {direction: 'rx', bytes, offload, grefs});
  }

  private count(length: number): void {
    this.stats.rxPackets++;
    this.stats.rxBytes += length;
  }

  /** Fills the page of the next request. The response takes the request's own slot: frontends rely on it. */
  private fillSlot(offset: number, length: number, flags: number): void {
    const {ring, request} = this;
    const {shared} = ring;
    ring.takeRequest(request);
    this.available--;
    if (this.tap.on) this.grefs.push(request[1]);
    const isCopied = this.copyOut(offset, request[1], 0, length);
    if (!isCopied) this.stats.rxErrors++;
    const word = shared.slotWord(ring.claimResponse());
    shared.u32[word] = request[0] & 0xffff;
    shared.u32[word + 1] = (flags | ((isCopied ? length : NETIF_RSP_ERROR) << 16)) >>> 0;
  }

  /** Says in the next slot, whose page stays empty, how the packet is to be cut. @see netif.h, struct xen_netif_extra_info */
  private fillExtra(segmentSize: number): void {
    const {ring} = this;
    const {shared} = ring;
    ring.takeRequest(this.request);
    this.available--;
    const word = shared.slotWord(ring.claimResponse());
    shared.u32[word] = (XEN_NETIF_EXTRA_TYPE_GSO | (segmentSize << 16)) >>> 0;
    shared.u32[word + 1] = XEN_NETIF_GSO_TYPE_TCPV4;
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
