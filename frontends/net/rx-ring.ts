import {
  NETRXF_csum_blank,
  NETRXF_extra_info,
  NETRXF_more_data,
  netif_rx_ring,
  XEN_NETIF_EXTRA_FLAG_MORE,
  XEN_NETIF_EXTRA_TYPE_GSO,
  XEN_NETIF_EXTRA_TYPE_HASH,
  XEN_NETIF_GSO_TYPE_TCPV4,
  XEN_NETIF_GSO_TYPE_TCPV6,
  XEN_NETIF_NR_SLOTS_MIN,
} from '../../hypervisor/abi/io/netif.ts';
import {XEN_NETIF_EXTRA_TYPE_XDP} from '../../hypervisor/abi/io/netif-xdp.ts';
import type {FrontRing} from '../../hypervisor/abi/ring.ts';
import {counted} from '../../hypervisor/cost/index.ts';
import type {Gfn} from '../../hypervisor/ids.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import type {GrantKeeper} from '../grant-keeper.ts';
import {RingPage} from '../ring-page.ts';
import type {NetStats} from './stats.ts';
import type {Fault} from './tx-ring.ts';

const NOT_POSTED = -1;
const BROKEN = -1;
const MAX_FRAME = 65535;
const ETH_HLEN = 14;
/** Slots of a frame that is taken; one of more is thrown away. */
const MAX_SLOTS = 1 + XEN_NETIF_NR_SLOTS_MIN;

/** Of a received frame: the checksum's field holds the sum of the pseudo header only. */
export const CHECKSUM_BLANK = 1 << 16;

/**
 * Gets a frame's bytes in place: they are its only during the call. `left` is what the sender left to do: CHECKSUM_BLANK,
 * and in the low 16 bits the payload bytes of each segment into which a TCP packet was to be cut.
 */
export type FrameReceiver = (u8: Uint8Array, offset: number, length: number, left: number) => void;

/**
 * The receive ring: every slot has a page posted. A response lies in the slot of the request that it answers, so the
 * page is known by the slot. The grant is ended before anybody looks at the data,
 * or the data is copied.
 * @see netif.h, "Guest receive"
 */
export class RxRing {
  private readonly ops: HypervisorOps;
  private readonly domid: number;
  private readonly stats: NetStats;
  private readonly page: RingPage;
  private readonly ring: FrontRing;
  private readonly mask: number;
  /** By slot, of the request that is in it. */
  private readonly refs: Int32Array;
  private readonly gfns: Int32Array;
  /** By slot: the grant of its page that stays when it is not posted. @see keepGrants */
  private readonly kept: Int32Array;
  private keepsGrants = false;
  /** Pages that are not posted. */
  private readonly spare: number[] = [];
  private readonly response = new Uint32Array(2);
  /** The page of the response at hand. */
  private gfn = 0;
  /** What the extra infos of the packet at hand say: segments, or 0. */
  private segmentBytes = 0;
  /** Where a frame of several slots is put together, made for the first one. */
  private assembly = new Uint8Array(0);

  constructor(ops: HypervisorOps, domid: number, stats: NetStats, start = 0) {
    this.ops = ops;
    this.domid = domid;
    this.stats = stats;
    this.page = new RingPage(ops, domid, netif_rx_ring, start);
    this.ring = this.page.ring;
    const {entries} = this.ring.shared;
    this.mask = entries - 1;
    this.refs = new Int32Array(entries).fill(NOT_POSTED);
    this.gfns = new Int32Array(entries);
    this.kept = new Int32Array(entries).fill(NOT_POSTED);
  }

  get ref(): number {
    return this.page.ref;
  }

  /** Posts a page in every free slot, as far as pages and grants go. True when the backend is to be told. */
  fill(): boolean {
    while (!this.ring.full() && this.post());
    return this.ring.pushRequestsAndCheckNotify();
  }

  /**
   * From now on each slot keeps its page, and the backend the right to it, or it does not any more. What the backend may
   * write at any time is copied before anybody looks at it. Returns the grants of the slots, which have all been posted.
   */
  keepGrants(keeps: boolean): readonly number[] {
    this.keepsGrants = keeps;
    return Array.from(this.refs, (ref, slot) => (ref === NOT_POSTED ? this.kept[slot] : ref)).filter(
      (ref) => ref !== NOT_POSTED,
    );
  }

  /** Takes the responses and hands their frames over. Returns what is wrong with them: the ring is dead then. */
  take(receiver: FrameReceiver): Fault | undefined {
    const {ring} = this;
    const posted = (ring.reqProdPvt - ring.rspCons) >>> 0;
    const responses = ring.unconsumedResponses();
    if (responses > posted) return `${responses} receive responses to ${posted} requests`;
    const end = (ring.rspCons + responses) >>> 0;
    while (ring.rspCons !== end) {
      const fault = this.takeFrame(end, receiver);
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  /** Responses that came meanwhile; 0 when an event will announce the next one. */
  finalCheck(): number {
    return this.ring.finalCheckForResponses();
  }

  /** Takes everything back that the backend can be made to give. */
  release(keeper: GrantKeeper): void {
    this.refs.forEach((posted, slot) => {
      const ref = posted === NOT_POSTED ? this.kept[slot] : posted;
      if (ref !== NOT_POSTED) keeper.release(ref, this.gfns[slot] as Gfn);
    });
    for (const gfn of this.spare) this.ops.pages.free(gfn as Gfn);
    this.page.release(keeper);
  }

  toString(): string {
    return String(this.ring);
  }

  private post(): boolean {
    const slot = this.ring.reqProdPvt & this.mask;
    if (this.kept[slot] === NOT_POSTED && !this.grantPage(slot)) return false;
    if (this.kept[slot] !== NOT_POSTED) {
      this.refs[slot] = this.kept[slot];
      this.kept[slot] = NOT_POSTED;
    }
    const {shared} = this.ring;
    const word = shared.slotWord(this.ring.claimRequest());
    shared.u32[word] = slot;
    shared.u32[word + 1] = this.refs[slot];
    return true;
  }

  /** Gives the slot a page that the backend may write to. False when there is none, or no grant. */
  private grantPage(slot: number): boolean {
    const gfn = this.spare.pop() ?? this.ops.pages.alloc();
    if (gfn === undefined) return false;
    const ref = this.ops.grantor.grantAccess(this.domid, gfn as Gfn, false);
    if (ref < 0) {
      this.spare.push(gfn);
      return false;
    }
    this.gfns[slot] = gfn;
    this.refs[slot] = ref;
    return true;
  }

  /** One frame, with all its slots. */
  private takeFrame(end: number, receiver: FrameReceiver): Fault | undefined {
    const fault = this.takeSlot();
    if (fault !== undefined) return fault;
    const flags = this.response[1];
    const isChain = (flags & (NETRXF_more_data | NETRXF_extra_info)) !== 0;
    if (isChain || this.keepsGrants) return this.takeChain(flags, end, receiver);
    if (!this.isSound()) this.stats.rxErrors++;
    else this.deliver(receiver, this.ops.memory.u8, this.gfn * PAGE_SIZE + this.offset, this.length, leftBy(flags));
    return undefined;
  }

  /** The rest of a frame of one slot or several, put together in our own memory. It is thrown away if any of them is bad, and then the next one counts. */
  private takeChain(firstFlags: number, end: number, receiver: FrameReceiver): Fault | undefined {
    let flags = firstFlags;
    let length = this.append(0);
    this.segmentBytes = 0;
    if ((flags & NETRXF_extra_info) !== 0) {
      const fault = this.takeExtras(end);
      if (fault !== undefined) return fault;
      if (this.segmentBytes === BROKEN) length = BROKEN;
    }
    for (let slots = 2; (flags & NETRXF_more_data) !== 0 && this.ring.rspCons !== end; slots++) {
      const fault = this.takeSlot();
      if (fault !== undefined) return fault;
      flags = this.response[1];
      length = slots > MAX_SLOTS ? BROKEN : this.append(length);
    }
    if ((flags & NETRXF_more_data) !== 0 || length < ETH_HLEN) this.stats.rxErrors++;
    else this.deliver(receiver, this.assembly, 0, length, leftBy(firstFlags) | this.segmentBytes);
    return undefined;
  }

  /** Adds the part in the slot at hand to the frame in `assembly`. Returns the frame's length, or BROKEN. */
  private append(length: number): number {
    if (length === BROKEN || this.length < 0 || this.offset + this.length > PAGE_SIZE) return BROKEN;
    if (length + this.length > MAX_FRAME) return BROKEN;
    if (this.assembly.length === 0) this.assembly = new Uint8Array(MAX_FRAME);
    const from = this.gfn * PAGE_SIZE + this.offset;
    this.assembly.set(this.ops.memory.u8.subarray(from, from + this.length), length);
    // Without kept grants a kernel passes the pages on: the copy stands for those who read them.
    if (this.keepsGrants) this.ops.account?.add(counted.memcpyBytes, this.length);
    return length + this.length;
  }

  /** Notes what the extra infos say; `segmentBytes` is BROKEN after one that nobody knows, or when they do not end. */
  private takeExtras(end: number): Fault | undefined {
    let more = true;
    for (; more && this.ring.rspCons !== end;) {
      const slot = this.ring.rspCons & this.mask;
      this.ring.takeResponse(this.response);
      if (!this.takePage(slot)) return inUse(slot);
      this.addExtra(this.response[0], this.response[1]);
      more = ((this.response[0] >>> 8) & XEN_NETIF_EXTRA_FLAG_MORE) !== 0;
    }
    if (more) this.segmentBytes = BROKEN;
    return undefined;
  }

  private addExtra(head: number, tail: number): void {
    const type = head & 0xff;
    if (type === XEN_NETIF_EXTRA_TYPE_GSO) {
      const isKnown = [XEN_NETIF_GSO_TYPE_TCPV4, XEN_NETIF_GSO_TYPE_TCPV6].includes(tail & 0xff);
      this.segmentBytes = isKnown && head >>> 16 > 0 ? head >>> 16 : BROKEN;
    } else if (type !== XEN_NETIF_EXTRA_TYPE_HASH && type !== XEN_NETIF_EXTRA_TYPE_XDP) this.segmentBytes = BROKEN;
  }

  /** Takes the next response and the page that it is about. */
  private takeSlot(): Fault | undefined {
    const {response} = this;
    const slot = this.ring.rspCons & this.mask;
    this.ring.takeResponse(response);
    const id = response[0] & 0xffff;
    if (id !== slot) return `a receive response to request ${id} in slot ${slot}`;
    return this.takePage(slot) ? undefined : inUse(slot);
  }

  /**
   * Takes the page of a slot back from the backend; it is posted again later. False while the backend holds it, which it may
   * where grants are kept.
   */
  private takePage(slot: number): boolean {
    const ref = this.refs[slot];
    this.gfn = this.gfns[slot];
    if (this.keepsGrants) this.kept[slot] = ref;
    else if (this.ops.grantor.endAccess(ref)) this.spare.push(this.gfn);
    else return false;
    this.refs[slot] = NOT_POSTED;
    return true;
  }

  /** Of the response at hand. */
  private get offset(): number {
    return this.response[0] >>> 16;
  }

  /** Of the response at hand: bytes, or NETIF_RSP_* below 0. */
  private get length(): number {
    return this.response[1] >> 16;
  }

  private isSound(): boolean {
    return this.length >= ETH_HLEN && this.offset + this.length <= PAGE_SIZE;
  }

  private deliver(receiver: FrameReceiver, u8: Uint8Array, offset: number, length: number, left: number): void {
    this.stats.rxPackets++;
    this.stats.rxBytes += length;
    receiver(u8, offset, length, left);
  }
}

const leftBy = (flags: number): number => ((flags & NETRXF_csum_blank) === 0 ? 0 : CHECKSUM_BLANK);

const inUse = (slot: number): Fault => `receive slot ${slot} is answered, but its page is in use`;
