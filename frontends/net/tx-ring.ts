import {
  NETIF_RSP_NULL,
  NETIF_RSP_OKAY,
  netif_tx_ring,
  NETTXF_extra_info,
  NETTXF_more_data,
} from '../../hypervisor/abi/io/netif.ts';
import type {FrontRing} from '../../hypervisor/abi/ring.ts';
import type {Gfn} from '../../hypervisor/ids.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import type {GrantKeeper} from '../grant-keeper.ts';
import {RingPage} from '../ring-page.ts';
import type {NetStats} from './stats.ts';

const NO_PAGE = -1;
const NOT_SENT = -1;
/** Under way without a page: only its extra info counts. */
const DUMMY = -2;
const MIN_FRAME = 14;

/** How a packet's first request differs from a plain one's. */
export interface TxMarks {
  /** NETTXF_csum_blank and so on. */
  readonly flags: number;
  /** The first 8 bytes of an extra info. @see netif.h, struct xen_netif_extra_info */
  readonly extra?: readonly [number, number];
  /** What is written in place of the two bytes at this offset of the packet, within its first page. */
  readonly patchAt: number;
  readonly patch: number;
}

/** What a backend did that no backend may do. */
export type Fault = string;

/**
 * The transmit ring. Each id has a page of its own for the packet, made when the id is first used; it is granted from
 * the request to the response and at no other time, unless grants are kept.
 * @see netif.h, "Guest transmit"
 */
export class TxRing {
  private readonly ops: HypervisorOps;
  private readonly domid: number;
  private readonly trusted: boolean;
  private readonly stats: NetStats;
  private readonly page: RingPage;
  private readonly ring: FrontRing;
  /** By id. */
  private readonly gfns: Int32Array;
  /** By id: NOT_SENT while the backend has no request of it, or DUMMY. */
  private readonly refs: Int32Array;
  /** By id: the grant of its page that stays when the backend has no request of it. @see keepGrants */
  private readonly kept: Int32Array;
  private keepsGrants = false;
  /** Ids that are free, the last one next. */
  private readonly freeIds: Uint16Array;
  private freeCount: number;
  private readonly response = new Uint32Array(1);

  /** A backend that is not `trusted` finds nothing but the packet on its page. */
  constructor(ops: HypervisorOps, domid: number, trusted: boolean, stats: NetStats, start = 0) {
    this.ops = ops;
    this.domid = domid;
    this.trusted = trusted;
    this.stats = stats;
    this.page = new RingPage(ops, domid, netif_tx_ring, start);
    this.ring = this.page.ring;
    const {entries} = this.ring.shared;
    this.gfns = new Int32Array(entries).fill(NO_PAGE);
    this.refs = new Int32Array(entries).fill(NOT_SENT);
    this.kept = new Int32Array(entries).fill(NOT_SENT);
    this.freeIds = Uint16Array.from({length: entries}, (_, i) => entries - 1 - i);
    this.freeCount = entries;
  }

  get ref(): number {
    return this.page.ref;
  }

  /** Requests that can be made now. */
  get free(): number {
    return Math.min(this.freeCount, this.ring.free());
  }

  /**
   * From now on the backend keeps the right to read the page of each id, or it does not any more. Returns the grants of all
   * ids; fewer when pages or grants have run out.
   */
  keepGrants(keeps: boolean): readonly number[] {
    this.keepsGrants = keeps;
    const grants: number[] = [];
    for (const [id, sent] of this.refs.entries()) {
      if (keeps && sent === NOT_SENT && this.kept[id] === NOT_SENT) this.kept[id] = this.grantPage(id);
      const ref = sent >= 0 ? sent : this.kept[id];
      if (ref >= 0) grants.push(ref);
    }
    return grants;
  }

  /** Byte offset in our memory where the next frame, of up to a page, may be built; -1 when the ring is full. */
  reserve(): number {
    if (this.free === 0) return -1;
    const gfn = this.pageOf(this.freeIds[this.freeCount - 1]);
    return gfn === NO_PAGE ? -1 : gfn * PAGE_SIZE;
  }

  /** Makes the request of the frame that was built at the offset reserved last. False: no grant to be had. */
  commit(length: number): boolean {
    if (!this.request(length, 0)) return false;
    this.count(length);
    return true;
  }

  /** Copies a frame in and makes its request, or several of a page each. False when there is no room. */
  put(frame: Uint8Array, marks?: TxMarks): boolean {
    const begin = this.ring.reqProdPvt;
    for (let done = 0; done < frame.length; done += PAGE_SIZE) {
      if (this.putPiece(frame, done, marks)) continue;
      this.takeBack(begin, marks?.extra !== undefined);
      return false;
    }
    this.count(frame.length);
    return true;
  }

  /** A request that carries nothing but an extra info, as 8 bytes. False when there is no room. */
  putDummy(extra: readonly [number, number]): boolean {
    if (this.free < 2) return false;
    this.fillRequest(DUMMY, MIN_FRAME, NETTXF_extra_info);
    this.fillExtra(extra);
    return true;
  }

  /** Publishes what was requested; true when the backend is to be told. */
  push(): boolean {
    return this.ring.pushRequestsAndCheckNotify();
  }

  /** Takes the responses. Returns what is wrong with them, if anything is: the ring must not be used any more then. */
  reap(): Fault | undefined {
    const {ring} = this;
    do {
      const outstanding = (ring.reqProdPvt - ring.rspCons) >>> 0;
      const responses = ring.unconsumedResponses();
      if (responses > outstanding) return `${responses} transmit responses to ${outstanding} requests`;
      for (let i = 0; i < responses; i++) {
        const fault = this.takeResponse();
        if (fault !== undefined) return fault;
      }
      // One event for half of what is still under way.
      ring.awaitResponses(((outstanding - responses) >>> 1) + 1);
    } while (ring.unconsumedResponses() > 0);
    return undefined;
  }

  /** Takes everything back that the backend can be made to give. */
  release(keeper: GrantKeeper): void {
    this.gfns.forEach((gfn, id) => {
      const ref = this.refs[id] >= 0 ? this.refs[id] : this.kept[id];
      if (ref >= 0) keeper.release(ref, gfn as Gfn);
      else if (gfn !== NO_PAGE) this.ops.pages.free(gfn as Gfn);
    });
    this.page.release(keeper);
  }

  toString(): string {
    return String(this.ring);
  }

  private takeResponse(): Fault | undefined {
    const {response} = this;
    this.ring.takeResponse(response);
    const id = response[0] & 0xffff;
    const status = response[0] >> 16;
    if (status === NETIF_RSP_NULL) return undefined;
    const ref = id < this.refs.length ? this.refs[id] : NOT_SENT;
    if (ref === NOT_SENT) return `a transmit response to request ${id}, which is not under way`;
    if (ref !== DUMMY && !this.endAccess(id, ref)) return `transmit request ${id} is answered, but its page is in use`;
    if (status !== NETIF_RSP_OKAY) this.stats.txErrors++;
    this.refs[id] = NOT_SENT;
    this.freeIds[this.freeCount++] = id;
    return undefined;
  }

  private putPiece(frame: Uint8Array, from: number, marks: TxMarks | undefined): boolean {
    const at = this.reserve();
    const isFirst = from === 0;
    const extra = isFirst ? marks?.extra : undefined;
    if (at < 0 || (extra !== undefined && this.ring.free() < 2)) return false;
    const {u8} = this.ops.memory;
    const isLast = frame.length - from <= PAGE_SIZE;
    u8.set(isLast && isFirst ? frame : frame.subarray(from, from + PAGE_SIZE), at);
    if (isFirst && marks !== undefined) {
      u8[at + marks.patchAt] = marks.patch >>> 8;
      u8[at + marks.patchAt + 1] = marks.patch;
    }
    const ownFlags = isFirst ? (marks?.flags ?? 0) | (extra === undefined ? 0 : NETTXF_extra_info) : 0;
    // The first request says how long the whole packet is, the others how long their part is.
    const size = isFirst ? frame.length : Math.min(PAGE_SIZE, frame.length - from);
    if (!this.request(size, ownFlags | (isLast ? 0 : NETTXF_more_data))) return false;
    if (extra !== undefined) this.fillExtra(extra);
    return true;
  }

  /** Unmakes the requests from index `begin` on, which are not published yet; the second may be an extra info. */
  private takeBack(begin: number, hasExtra: boolean): void {
    const {ring} = this;
    while (ring.reqProdPvt !== begin) {
      ring.reqProdPvt = (ring.reqProdPvt - 1) >>> 0;
      if (hasExtra && ring.reqProdPvt === (begin + 1) >>> 0) continue;
      const id = this.freeIds[this.freeCount++];
      this.endAccess(id, this.refs[id]);
      this.refs[id] = NOT_SENT;
    }
  }

  private count(length: number): void {
    this.stats.txPackets++;
    this.stats.txBytes += length;
  }

  private pageOf(id: number): number {
    if (this.gfns[id] === NO_PAGE) this.gfns[id] = this.ops.pages.alloc() ?? NO_PAGE;
    return this.gfns[id];
  }

  /** Grants the page of the next free id and fills a request in. */
  private request(size: number, flags: number): boolean {
    const id = this.freeIds[this.freeCount - 1];
    const gfn = this.gfns[id];
    // An earlier packet's bytes. @see XSA-403
    if (!this.trusted) this.ops.memory.u8.fill(0, gfn * PAGE_SIZE + Math.min(size, PAGE_SIZE), (gfn + 1) * PAGE_SIZE);
    const ref = this.kept[id] >= 0 ? this.kept[id] : this.grantPage(id);
    if (ref < 0) return false;
    this.kept[id] = NOT_SENT;
    this.fillRequest(ref, size, flags);
    return true;
  }

  /** Lets the backend read the page of an id, which may be new. NOT_SENT when there is none, or no grant. */
  private grantPage(id: number): number {
    const gfn = this.pageOf(id);
    if (gfn === NO_PAGE) return NOT_SENT;
    return Math.max(this.ops.grantor.grantAccess(this.domid, gfn as Gfn, true), NOT_SENT);
  }

  /** The request of an id is over. False while the backend holds its page, which it may where grants are kept. */
  private endAccess(id: number, ref: number): boolean {
    if (!this.keepsGrants) return this.ops.grantor.endAccess(ref);
    this.kept[id] = ref;
    return true;
  }

  /** Makes a request with the next free id. */
  private fillRequest(ref: number, size: number, flags: number): void {
    const id = this.freeIds[--this.freeCount];
    this.refs[id] = ref;
    const {shared} = this.ring;
    const word = shared.slotWord(this.ring.claimRequest());
    shared.u32[word] = ref === DUMMY ? 0 : ref;
    shared.u32[word + 1] = flags << 16;
    shared.u32[word + 2] = id | (size << 16);
  }

  private fillExtra([head, tail]: readonly [number, number]): void {
    const {shared} = this.ring;
    const word = shared.slotWord(this.ring.claimRequest());
    shared.u32[word] = head;
    shared.u32[word + 1] = tail;
    shared.u32[word + 2] = 0;
  }
}
