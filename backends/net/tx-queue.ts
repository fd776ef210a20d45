import {GNTCOPY_source_gref, GNTST_okay} from '../../hypervisor/abi/grant-table.ts';
import {
  NETIF_RSP_ERROR,
  NETIF_RSP_NULL,
  NETIF_RSP_OKAY,
  NETTXF_csum_blank,
  NETTXF_extra_info,
  NETTXF_more_data,
} from '../../hypervisor/abi/io/netif.ts';
import type {BackRing} from '../../hypervisor/abi/ring.ts';
import {DOMID_SELF} from '../../hypervisor/ids.ts';
import {PAGE_SHIFT, PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {canFinish, CHECKSUM_BLANK, ETH_HLEN, type FrameArea, NO_OFFLOAD, removeChecksum} from '../network/index.ts';
import type {PacketTap} from './packet-tap.ts';
import type {VifStats} from './stats.ts';
import {type Fault, TxPacket} from './tx-packet.ts';

/** netif_tx_request: gref; offset and flags; id and size. */
const REQUEST_WORDS = 3;

export interface TxQueueOptions {
  ops: HypervisorOps;
  /** The guest. */
  domid: number;
  ring: BackRing;
  /** Where frames are put together; shared with other queues, empty between two drains. */
  area: FrameArea;
  stats: VifStats;
  tap: PacketTap;
  /** Takes the frames in the area. */
  onFrames: () => void;
}

/** The transmit ring of a guest: takes requests, copies packets out of the guest and answers. */
export class TxQueue {
  /** The guest's memory may move, and the ring with it. */
  ring: BackRing;
  private readonly ops: HypervisorOps;
  private readonly domid: number;
  private readonly area: FrameArea;
  private readonly stats: VifStats;
  private readonly tap: PacketTap;
  private readonly onFrames: () => void;
  private readonly request = new Uint32Array(REQUEST_WORDS);
  private readonly packet = new TxPacket(this.request);

  constructor(options: TxQueueOptions) {
    this.ops = options.ops;
    this.domid = options.domid;
    this.ring = options.ring;
    this.area = options.area;
    this.stats = options.stats;
    this.tap = options.tap;
    this.onFrames = options.onFrames;
  }

  /**
   * Takes the packets that are on the ring, at most a ring full. Responses are filled in, not published yet. Returns the
   * reason why the guest's ring cannot be gone on with, if there is one.
   */
  drain(): Fault | undefined {
    const {ring} = this;
    // One look at the guest's index: what is checked is what is used.
    const {reqProd} = ring.shared;
    if (ring.requestProdOverflow(reqProd)) return 'more transmit requests than the ring holds';
    const end = ring.reqCons + ring.unconsumedRequests(reqProd);
    let fault: Fault | undefined;
    while (fault === undefined && (end - ring.reqCons) >>> 0 > 0) fault = this.takePacket((end - ring.reqCons) >>> 0);
    this.flush();
    return fault;
  }

  private takePacket(published: number): Fault | undefined {
    const {ring, request} = this;
    ring.takeRequest(request);
    const flags = request[1] >>> 16;
    if ((flags & (NETTXF_more_data | NETTXF_extra_info)) !== 0) return this.takeChain(published - 1);
    const size = request[2] >>> 16;
    const isCarried = this.takeFrame(request[0], request[1] & 0xffff, size, flags);
    if (!isCarried) this.stats.txErrors++;
    this.respond(request[2] & 0xffff, isCarried ? NETIF_RSP_OKAY : NETIF_RSP_ERROR);
    return undefined;
  }

  /** A packet of one slot. */
  private takeFrame(gref: number, offset: number, size: number, flags: number): boolean {
    if (size < ETH_HLEN || offset + size > PAGE_SIZE) return false;
    const at = this.makeRoom(size);
    return this.copyIn(gref, offset, at, size) && this.accept(at, size, flags, 0);
  }

  /** A packet of several slots, of which the first has been taken. */
  private takeChain(published: number): Fault | undefined {
    const {packet} = this;
    const fault = packet.read(this.ring, published);
    if (fault !== undefined) return fault;
    const isCarried = packet.isSound() && this.copyChain();
    if (!isCarried) this.stats.txErrors++;
    const status = isCarried ? NETIF_RSP_OKAY : NETIF_RSP_ERROR;
    this.respond(packet.ids[0], status);
    for (let i = 0; i < packet.extras; i++) this.respond(0, NETIF_RSP_NULL);
    for (let i = 1; i < packet.slots; i++) this.respond(packet.ids[i], status);
    return undefined;
  }

  private copyChain(): boolean {
    const {packet} = this;
    const at = this.makeRoom(packet.size);
    let filled = at;
    for (let i = 0; i < packet.slots; i++) {
      const size = packet.sizes[i];
      // A slot of no bytes is answered like the others, but its grant is not looked at.
      if (size > 0 && !this.copyIn(packet.grefs[i], packet.offsets[i], filled, size)) return false;
      filled += size;
    }
    return this.accept(at, packet.size, packet.flags, packet.segmentBytes, packet);
  }

  /** Copies from a granted page to our memory, page by page of ours. */
  private copyIn(gref: number, offset: number, at: number, size: number): boolean {
    const inPage = at & (PAGE_SIZE - 1);
    const length = Math.min(size, PAGE_SIZE - inPage);
    const status = this.ops.gnttabCopy(
      this.domid,
      gref,
      offset,
      DOMID_SELF,
      at >>> PAGE_SHIFT,
      inPage,
      length,
      GNTCOPY_source_gref,
    );
    if (status !== GNTST_okay) return false;
    return length === size || this.copyIn(gref, offset + length, at + length, size - length);
  }

  private accept(at: number, size: number, flags: number, segmentSize: number, chain?: TxPacket): boolean {
    const isBlank = (flags & NETTXF_csum_blank) !== 0;
    const offload = isBlank || segmentSize > 0 ? CHECKSUM_BLANK | segmentSize : NO_OFFLOAD;
    const {u8} = this.ops.memory;
    if (!canFinish(u8, at, size, offload)) return false;
    if (segmentSize > 0 && !isBlank) removeChecksum(u8, at, size);
    this.area.batch.add(at, size, offload);
    if (this.tap.on) this.show(at, size, offload, chain);
    this.stats.txPackets++;
    this.stats.txBytes += size;
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
