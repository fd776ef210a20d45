import {GNTCOPY_dest_gref, GNTST_okay} from '../../hypervisor/abi/grant-table.ts';
import {
  NETIF_RSP_ERROR,
  NETRXF_csum_blank,
  NETRXF_data_validated,
  NETRXF_extra_info,
  NETRXF_more_data,
} from '../../hypervisor/abi/io/netif.ts';
import type {BackRing} from '../../hypervisor/abi/ring.ts';
import {counted} from '../../hypervisor/cost/index.ts';
import {DOMID_SELF} from '../../hypervisor/ids.ts';
import {PAGE_SHIFT, PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {NO_OFFLOAD} from '../network/index.ts';
import type {PacketTap} from './packet-tap.ts';
import type {RxExtras} from './rx-extras.ts';
import type {StaticGrants} from './static-grants.ts';
import type {VifStats} from './stats.ts';

/** netif_rx_request: id and padding; gref. */
const REQUEST_WORDS = 2;

/** Where the bytes of a frame lie: from byte number `at` on up to the end of a page of ours. */
export type FramePlace = (at: number) => number;

export interface RxFillerOptions {
  ops: HypervisorOps;
  /** The guest. */
  domid: number;
  ring: BackRing;
  stats: VifStats;
  tap: PacketTap;
  /** Pages that stay mapped. */
  statics: StaticGrants;
}

/** Puts frames into the pages that a guest has posted. @see netif.h, "Guest receive" */
export class RxFiller {
  /** The guest's memory may move, and the ring with it. */
  ring: BackRing;
  private readonly ops: HypervisorOps;
  private readonly domid: number;
  private readonly stats: VifStats;
  private readonly tap: PacketTap;
  private readonly statics: StaticGrants;
  private readonly request = new Uint32Array(REQUEST_WORDS);
  /** Of the packet under way; kept while somebody captures. */
  private grefs: number[] = [];

  constructor(options: RxFillerOptions) {
    this.ops = options.ops;
    this.domid = options.domid;
    this.ring = options.ring;
    this.stats = options.stats;
    this.tap = options.tap;
    this.statics = options.statics;
  }

  /** Fills a frame's slots, which are there, from `headroom` bytes after the begin of each page. Publishes nothing. */
  fill(place: FramePlace, length: number, offload: number, extras: RxExtras, headroom: number): void {
    const first = this.ring.reqCons;
    const room = PAGE_SIZE - headroom;
    let flags = offload === NO_OFFLOAD ? 0 : NETRXF_csum_blank | NETRXF_data_validated;
    if (extras.count > 0) flags |= NETRXF_extra_info;
    for (let at = 0; at < length; at += room) {
      const left = length - at;
      this.fillSlot(place, at, Math.min(room, left), headroom, flags | (left > room ? NETRXF_more_data : 0));
      if (at === 0) for (let i = 0; i < extras.count; i++) this.fillExtra(extras, i);
      flags = 0;
    }
    this.stats.rxPackets++;
    this.stats.rxBytes += length;
    this.ops.account?.add(counted.request);
    if (this.tap.on) this.show(first, place, length, offload);
  }

  /** Fills the page of the next request. The response takes the request's own slot: frontends rely on it. */
  private fillSlot(place: FramePlace, at: number, length: number, headroom: number, flags: number): void {
    const {ring, request} = this;
    const {shared} = ring;
    ring.takeRequest(request);
    if (this.tap.on) this.grefs.push(request[1]);
    const isCopied = this.copyOut(place, at, request[1], headroom, length);
    if (!isCopied) this.stats.rxErrors++;
    const word = shared.slotWord(ring.claimResponse());
    shared.u32[word] = ((request[0] & 0xffff) | (headroom << 16)) >>> 0;
    shared.u32[word + 1] = (flags | ((isCopied ? length : NETIF_RSP_ERROR) << 16)) >>> 0;
  }

  /** Takes the next slot, whose page stays empty, for an extra info. */
  private fillExtra(extras: RxExtras, index: number): void {
    const {ring} = this;
    ring.takeRequest(this.request);
    extras.write(index, ring.shared, ring.claimResponse());
  }

  /** Copies to a granted page from our memory, page by page of ours. */
  private copyOut(place: FramePlace, at: number, gref: number, to: number, size: number): boolean {
    const from = place(at);
    const inPage = from & (PAGE_SIZE - 1);
    const length = Math.min(size, PAGE_SIZE - inPage);
    const isCopied = this.statics.copyTo(gref, to, from, length) ?? this.copyPiece(from, gref, to, length);
    return isCopied && (length === size || this.copyOut(place, at + length, gref, to + length, size - length));
  }

  /** Within a page of ours. */
  private copyPiece(from: number, gref: number, to: number, length: number): boolean {
    const status = this.ops.gnttabCopy(
      DOMID_SELF,
      from >>> PAGE_SHIFT,
      from & (PAGE_SIZE - 1),
      this.domid,
      gref,
      to,
      length,
      GNTCOPY_dest_gref,
    );
    return status === GNTST_okay;
  }

  private show(first: number, place: FramePlace, length: number, offload: number): void {
    const {ops, ring, grefs} = this;
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += PAGE_SIZE) {
      const from = place(at);
      bytes.set(ops.memory.u8.subarray(from, from + Math.min(PAGE_SIZE, length - at)), at);
    }
    this.grefs = [];
    this.tap.show(ops, ring, first, {direction: 'rx', bytes, offload, grefs});
  }
}
