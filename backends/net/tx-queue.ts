import {
  NETIF_RSP_ERROR,
  NETIF_RSP_NULL,
  NETIF_RSP_OKAY,
  NETTXF_csum_blank,
  NETTXF_extra_info,
  NETTXF_more_data,
  XEN_NETIF_EXTRA_TYPE_MCAST_ADD,
  XEN_NETIF_GSO_TYPE_TCPV6,
} from '../../hypervisor/abi/io/netif.ts';
import type {BackRing} from '../../hypervisor/abi/ring.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import {counted} from '../../hypervisor/cost/index.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {ETH_HLEN, type FrameArea, leftToDo, NO_OFFLOAD, OVER_IPV6, removeChecksum} from '../network/index.ts';
import type {Credit} from './credit.ts';
import type {NetFeatures} from './features.ts';
import type {MulticastFilter} from './multicast-filter.ts';
import type {PacketTap} from './packet-tap.ts';
import type {StaticGrants} from './static-grants.ts';
import type {VifStats} from './stats.ts';
import {type Fault, TxPacket} from './tx-packet.ts';
import {TxStager} from './tx-stager.ts';

/** netif_tx_request: gref; offset and flags; id and size. */
const REQUEST_WORDS = 3;
/** A header and MAX_SKB_FRAGS further parts: what Linux keeps of a packet without a list of lists. */
const MAX_PARTS = 18;

export interface TxQueueOptions {
  ops: HypervisorOps;
  /** The guest. */
  domid: number;
  ring: BackRing;
  /** Where frames are put together; shared with other queues, empty between two drains. */
  area: FrameArea;
  stats: VifStats;
  tap: PacketTap;
  features: NetFeatures;
  /** What the guest may still send. */
  credit: Credit;
  /** What the guest wants to hear, which it changes by requests on this ring. */
  filter: MulticastFilter;
  /** Pages that stay mapped. */
  statics: StaticGrants;
  /** Takes the frames in the area. */
  onFrames: () => void;
}

/** The transmit ring of a guest: takes requests, copies packets out of the guest and answers. */
export class TxQueue {
  /** The guest's memory may move, and the ring with it. */
  ring: BackRing;
  /** Requests are left on the ring until there is credit again. */
  isHeld = false;
  private readonly ops: HypervisorOps;
  private readonly area: FrameArea;
  private readonly stats: VifStats;
  private readonly tap: PacketTap;
  private readonly credit: Credit;
  private readonly filter: MulticastFilter;
  private readonly onFrames: () => void;
  private readonly request = new Uint32Array(REQUEST_WORDS);
  private readonly packet: TxPacket;
  private readonly stager: TxStager;

  constructor(options: TxQueueOptions) {
    this.ops = options.ops;
    this.ring = options.ring;
    this.area = options.area;
    this.stats = options.stats;
    this.tap = options.tap;
    this.credit = options.credit;
    this.filter = options.filter;
    this.onFrames = options.onFrames;
    this.packet = new TxPacket(this.request, options.features);
    this.stager = new TxStager(options.ops, options.domid, options.features.copybreak, options.statics);
  }

  /**
   * Takes the packets that are on the ring, at most a ring full, and as far as there is credit. Responses are filled in, not
   * published yet. Returns the reason why the guest's ring cannot be gone on with, if there is one.
   */
  drain(): Fault | undefined {
    const {ring} = this;
    // One look at the guest's index: what is checked is what is used.
    const {reqProd} = ring.shared;
    if (ring.requestProdOverflow(reqProd)) return 'more transmit requests than the ring holds';
    const end = ring.reqCons + ring.unconsumedRequests(reqProd);
    let fault: Fault | undefined;
    this.isHeld = false;
    while (fault === undefined && !this.isHeld && (end - ring.reqCons) >>> 0 > 0)
      fault = this.takePacket((end - ring.reqCons) >>> 0);
    this.flush();
    return fault;
  }

  private takePacket(published: number): Fault | undefined {
    const {ring, request} = this;
    ring.takeRequest(request);
    const flags = request[1] >>> 16;
    const size = request[2] >>> 16;
    if (!this.credit.spend(size)) return this.hold();
    this.stager.mapped = 0;
    if ((flags & (NETTXF_more_data | NETTXF_extra_info)) !== 0) return this.takeChain(published - 1);
    const isCarried = this.takeFrame(request[0], request[1] & 0xffff, size, flags);
    if (!isCarried) this.stats.txErrors++;
    this.respond(request[2] & 0xffff, isCarried ? NETIF_RSP_OKAY : NETIF_RSP_ERROR);
    return undefined;
  }

  /** Leaves the request that was taken on the ring; it is read again when its time has come. */
  private hold(): undefined {
    this.ring.reqCons = (this.ring.reqCons - 1) >>> 0;
    this.isHeld = true;
    this.stats.txHeld++;
  }

  /** A packet of one slot. */
  private takeFrame(gref: number, offset: number, size: number, flags: number): boolean {
    if (size < ETH_HLEN || offset + size > PAGE_SIZE) return false;
    const at = this.makeRoom(size);
    return this.stager.take(gref, offset, at, size) && this.accept(at, size, flags, 0);
  }

  /** A packet of several slots, of which the first has been taken. */
  private takeChain(published: number): Fault | undefined {
    const {packet} = this;
    const fault = packet.read(this.ring, published);
    if (fault !== undefined) return fault;
    const isCarried = packet.groupChange > 0 ? this.changeGroups() : packet.isSound() && this.copyChain();
    if (!isCarried) this.stats.txErrors++;
    const status = isCarried ? NETIF_RSP_OKAY : NETIF_RSP_ERROR;
    this.respond(packet.ids[0], status);
    for (let i = 0; i < packet.extras; i++) this.respond(0, NETIF_RSP_NULL);
    for (let i = 1; i < packet.slots; i++) this.respond(packet.ids[i], status);
    return undefined;
  }

  /** A dummy of which only the extra info counts. @see netif.h, "feature-multicast-control" */
  private changeGroups(): boolean {
    const {filter, packet} = this;
    if (packet.hasBadExtra) return false;
    if (packet.groupChange === XEN_NETIF_EXTRA_TYPE_MCAST_ADD) return filter.add(packet.group);
    filter.delete(packet.group);
    return true;
  }

  private copyChain(): boolean {
    const {packet} = this;
    const at = this.makeRoom(packet.size);
    let filled = at;
    for (let i = 0; i < packet.slots; i++) {
      const size = packet.sizes[i];
      // A slot of no bytes is answered like the others, but its grant is not looked at.
      if (size > 0 && !this.stager.take(packet.grefs[i], packet.offsets[i], filled, size)) return false;
      filled += size;
    }
    return this.accept(at, packet.size, packet.flags, packet.segmentBytes, packet);
  }

  private accept(at: number, size: number, flags: number, segmentSize: number, chain?: TxPacket): boolean {
    const {stats, stager} = this;
    const {u8} = this.ops.memory;
    const isBlank = (flags & NETTXF_csum_blank) !== 0;
    const offload = isBlank || segmentSize > 0 ? leftToDo(u8, at, size, segmentSize) : NO_OFFLOAD;
    if (offload === undefined || (segmentSize > 0 && !isOfType(offload, this.packet.gsoType))) return false;
    if (segmentSize > 0 && !isBlank) {
      removeChecksum(u8, at, size);
      stats.txChecksumFixups++;
    }
    this.area.batch.add(at, size, offload);
    if (this.tap.on) this.show(at, size, offload, chain);
    if (stager.mapped > 0) stats.txMapped++;
    if (chain !== undefined && chain.slots > MAX_PARTS) stats.txOverflows++;
    stats.txPackets++;
    stats.txBytes += size;
    this.ops.account?.add(counted.request);
    return true;
  }

  private show(at: number, size: number, offload: number, chain: TxPacket | undefined): void {
    const {ops, ring} = this;
    const requests = chain === undefined ? 1 : chain.slots + chain.extras;
    const grefs = chain === undefined ? [this.request[0]] : Array.from(chain.grefs.subarray(0, chain.slots));
    const bytes = ops.memory.u8.slice(at, at + size);
    this.tap.show(ops, ring, ring.reqCons - requests, {direction: 'tx', bytes, offload, grefs});
  }

  /** Room in the area for a frame; it is emptied first if need be. */
  private makeRoom(size: number): number {
    const at = this.area.reserve(size);
    if (at >= 0) return at;
    this.flush();
    return this.area.reserve(size);
  }

  private flush(): void {
    if (this.area.batch.count > 0) this.onFrames();
    this.area.reset();
  }

  private respond(id: number, status: number): void {
    const {ring} = this;
    const {shared} = ring;
    shared.u32[shared.slotWord(ring.claimResponse())] = (id | (status << 16)) >>> 0;
  }
}

const isOfType = (offload: number, gsoType: number): boolean =>
  ((offload & OVER_IPV6) !== 0) === (gsoType === XEN_NETIF_GSO_TYPE_TCPV6);
