import type {Subscription} from 'rxjs';
import {
  blkif_request,
  blkif_request_discard,
  blkif_request_indirect,
  blkif_ring,
  BLKIF_DISCARD_SECURE,
  BLKIF_MAX_SEGMENTS_PER_REQUEST,
  BLKIF_OP_DISCARD,
  BLKIF_OP_INDIRECT,
  BLKIF_OP_READ,
} from '../../hypervisor/abi/io/blkif.ts';
import type {SectorUnits} from '../../hypervisor/abi/io/blkif-sectors.ts';
import {offsetOf} from '../../hypervisor/abi/layout.ts';
import type {FrontRing} from '../../hypervisor/abi/ring.ts';
import type {Gfn} from '../../hypervisor/ids.ts';
import {PAGE_WORDS} from '../../hypervisor/memory/index.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {DeviceError} from '../../hypervisor/xenbus/index.ts';
import type {GrantKeeper} from '../grant-keeper.ts';
import {RingPage} from '../ring-page.ts';
import {type DataGrants, PersistentGrants, TransientGrants} from './data-grants.ts';
import {Shadow} from './shadow.ts';

const SECTOR_BYTES = 512;

/** Last sector of a whole page. */
export const LAST_SECT = 7;

export interface BlockRingOptions {
  ops: HypervisorOps;
  /** The backend's domain. */
  otherDomid: number;
  /** Value of the requests' `handle`: the virtual device. */
  handle: number;
  /** ring-page-order; 0 by default. */
  order?: number;
  /** Index at which the ring starts, 0 in real kernels: tests begin near 2^32. */
  start?: number;
  /** A request was answered: its tag, and BLKIF_RSP_*. More may be submitted from here; they are published later. */
  onComplete: (tag: number, status: number) => void;
  /** After the responses of one event. */
  onDrained?: () => void;
  /** The backend broke the rules; the ring is out of use. */
  onBroken: (reason: string) => void;
}

/** What is known once the backend is Connected. */
export interface RingTerms {
  readonly persistent: boolean;
  /** Segments of a request at most, 11..256. */
  readonly maxSegments: number;
  readonly units: SectorUnits;
}

/**
 * The guest's end of a disk's ring, without an allocation a request: pages in, tags out. Requests are put on the ring
 * by submit and seen by the backend from publish on.
 */
export class BlockRing {
  readonly page: RingPage;
  readonly port: number;
  private readonly ops: HypervisorOps;
  private readonly otherDomid: number;
  private readonly handle: number;
  private readonly onComplete: (tag: number, status: number) => void;
  private readonly onDrained: (() => void) | undefined;
  private readonly onBroken: (reason: string) => void;
  private readonly front: FrontRing;
  private grants: DataGrants;
  private shadow: Shadow;
  /** Sectors of 512 bytes in the units of the disk. */
  private numberUnit = 1;
  private segmentUnit = 1;
  private readonly request: Uint32Array;
  private readonly response: Uint32Array;
  private readonly idWord: number;
  private readonly sectorWord: number;
  private readonly segWord: number;
  private readonly nrSectorsWord: number;
  private readonly indirectHandleWord: number;
  private readonly indirectWord: number;
  private readonly subscription: Subscription;
  private stopped = false;

  /** Allocates and grants the ring, and a port for the backend to bind. DeviceError when the guest has run out. */
  constructor(options: BlockRingOptions, keeper: GrantKeeper) {
    const {ops, otherDomid} = options;
    this.ops = ops;
    this.otherDomid = otherDomid;
    this.handle = options.handle;
    this.onComplete = options.onComplete;
    this.onDrained = options.onDrained;
    this.onBroken = options.onBroken;
    this.idWord = offsetOf(blkif_request, 'id', ops.abi) / 4;
    this.sectorWord = offsetOf(blkif_request, 'sector_number', ops.abi) / 4;
    this.segWord = offsetOf(blkif_request, 'seg', ops.abi) / 4;
    this.nrSectorsWord = offsetOf(blkif_request_discard, 'nr_sectors', ops.abi) / 4;
    this.indirectHandleWord = offsetOf(blkif_request_indirect, 'handle', ops.abi) / 4;
    this.indirectWord = offsetOf(blkif_request_indirect, 'indirect_grefs', ops.abi) / 4;
    this.page = new RingPage(ops, otherDomid, blkif_ring, options.start ?? 0, 2 ** (options.order ?? 0));
    this.front = this.page.ring;
    this.request = new Uint32Array(this.front.shared.requestWords);
    this.response = new Uint32Array(this.front.shared.responseWords);
    this.grants = new TransientGrants(ops, otherDomid);
    this.shadow = new Shadow(this.front.shared.entries, BLKIF_MAX_SEGMENTS_PER_REQUEST);
    this.port = ops.evtchnAllocUnbound(otherDomid);
    if (this.port < 0) {
      this.page.release(keeper);
      throw new DeviceError(this.port, 'allocating an event channel');
    }
    this.subscription = ops.events(this.port).subscribe(this.drain);
  }

  /** To be called before the first request, where other terms hold than those of the oldest backends. */
  agree({persistent, maxSegments, units}: RingTerms): void {
    const {ops, otherDomid} = this;
    this.grants = persistent ? new PersistentGrants(ops, otherDomid) : new TransientGrants(ops, otherDomid);
    // One more for the page of segments.
    this.shadow = new Shadow(this.entries, maxSegments + 1);
    this.numberUnit = units.number / SECTOR_BYTES;
    this.segmentUnit = units.segment / SECTOR_BYTES;
  }

  get entries(): number {
    return this.front.shared.entries;
  }

  get inFlight(): number {
    return this.shadow.count;
  }

  /** No room for another request. */
  get full(): boolean {
    return this.stopped || this.front.full();
  }

  /**
   * Puts a read or write of whole sectors of 512 bytes on the ring: from `firstSect` of the first frame to `lastSect`
   * of the last of `count` frames. More than 11 make an indirect request: its segments go into one frame more, which
   * stands behind the others. False when the ring is full or the guest has no grant entry left.
   */
  submit(
    operation: number,
    sector: number,
    frames: ArrayLike<number>,
    count: number,
    firstSect: number,
    lastSect: number,
    tag: number,
  ): boolean {
    const {shadow} = this;
    if (this.full) return false;
    const at = shadow.refsAt(shadow.nextId);
    if (!this.grants.grant(frames, operation !== BLKIF_OP_READ, shadow.refs, at, count)) return false;
    if (count > BLKIF_MAX_SEGMENTS_PER_REQUEST) {
      return this.putIndirect(operation, sector, frames[count] as Gfn, count, firstSect, lastSect, tag);
    }
    this.writeSegments(this.request, this.segWord, at, count, firstSect, lastSect);
    this.put(operation | (count << 8) | (this.handle << 16), operation, sector, tag, count, this.segWord + 2 * count);
    return true;
  }

  /** BLKIF_OP_FLUSH_DISKCACHE, or a BLKIF_OP_WRITE_BARRIER without data. */
  submitFlush(operation: number, tag: number): boolean {
    if (this.full) return false;
    this.put(operation | (this.handle << 16), operation, 0, tag, 0, this.segWord);
    return true;
  }

  /** In sectors of 512 bytes. */
  submitDiscard(sector: number, sectors: number, secure: boolean, tag: number): boolean {
    if (this.full) return false;
    const units = sectors / this.numberUnit;
    this.request[this.nrSectorsWord] = units;
    this.request[this.nrSectorsWord + 1] = units / 2 ** 32;
    const head = BLKIF_OP_DISCARD | ((secure ? BLKIF_DISCARD_SECURE : 0) << 8) | (this.handle << 16);
    this.put(head, BLKIF_OP_DISCARD, sector, tag, 0, this.nrSectorsWord + 2);
    return true;
  }

  /** Shows the backend what was submitted, and tells it when it has asked for that. */
  publish(): void {
    const {front} = this;
    if (this.stopped || front.reqProdPvt === front.shared.reqProd) return;
    if (front.pushRequestsAndCheckNotify()) this.ops.evtchnSend(this.port);
  }

  /** Out of use: responses are not looked at any more. */
  stop(): void {
    this.stopped = true;
    this.subscription.unsubscribe();
  }

  /** Whether the frame stays granted between requests. */
  readonly holds = (gfn: Gfn): boolean => this.grants.holds(gfn);

  /**
   * After a stop: gives back the port, the ring's pages and the frames that the backend may have mapped, those of the
   * requests that were out among them. They are the guest's again when the backend has let go of them.
   */
  release(keeper: GrantKeeper): void {
    const {shadow, grants} = this;
    this.ops.evtchnClose(this.port);
    for (let id = 0; id < this.entries; id++) {
      if (!shadow.isTaken(id)) continue;
      grants.abandon(shadow.refs, shadow.refsAt(id), shadow.refCount(id), keeper);
      shadow.release(id);
    }
    grants.close(keeper);
    this.page.release(keeper);
  }

  toString(): string {
    return `${String(this.front)}, ${this.inFlight} in flight`;
  }

  private putIndirect(
    operation: number,
    sector: number,
    segmentsGfn: Gfn,
    count: number,
    firstSect: number,
    lastSect: number,
    tag: number,
  ): boolean {
    const {shadow, request} = this;
    const at = shadow.refsAt(shadow.nextId);
    const ref = this.grants.grantOne(segmentsGfn);
    if (ref < 0) {
      this.grants.end(shadow.refs, at, count);
      return false;
    }
    shadow.refs[at + count] = ref;
    this.writeSegments(this.ops.memory.u32, segmentsGfn * PAGE_WORDS, at, count, firstSect, lastSect);
    request[this.indirectHandleWord] = this.handle;
    request[this.indirectWord] = ref;
    const head = BLKIF_OP_INDIRECT | (operation << 8) | (count << 16);
    // The answer names the operation inside.
    this.put(head, operation, sector, tag, count + 1, this.indirectWord + 1);
    return true;
  }

  /** @see blkif.h, struct blkif_request_segment */
  private writeSegments(
    words: Uint32Array,
    word: number,
    at: number,
    count: number,
    firstSect: number,
    lastSect: number,
  ): void {
    const {segmentUnit} = this;
    const {refs} = this.shadow;
    const pageEnd = (LAST_SECT + 1) / segmentUnit - 1;
    for (let i = 0; i < count; i++, word += 2) {
      const first = i === 0 ? firstSect / segmentUnit : 0;
      const last = i === count - 1 ? (lastSect + 1) / segmentUnit - 1 : pageEnd;
      words[word] = refs[at + i];
      words[word + 1] = first | (last << 8);
    }
  }

  /** `head` is the message's first word; `operation` what the answer will name. */
  private put(head: number, operation: number, sector: number, tag: number, refCount: number, words: number): void {
    const {request, shadow, sectorWord, front} = this;
    const number = sector / this.numberUnit;
    request[0] = head;
    request[this.idWord] = shadow.nextId;
    request[sectorWord] = number;
    request[sectorWord + 1] = number / 2 ** 32;
    shadow.take(operation, tag, refCount);
    front.shared.copyIn(front.claimRequest(), request, words);
  }

  /** Takes every response, then shows the backend what their receivers submitted. */
  private readonly drain = (): void => {
    const {front} = this;
    if (this.stopped) return;
    do {
      const responses = front.unconsumedResponses();
      if (responses > this.shadow.count) return this.giveUp(`${responses} responses to ${this.shadow.count} requests`);
      for (let i = 0; i < responses; i++) if (!this.takeResponse()) return;
    } while (!this.stopped && front.finalCheckForResponses() > 0);
    this.onDrained?.();
    this.publish();
  };

  private takeResponse(): boolean {
    const {response, shadow} = this;
    this.front.takeResponse(response);
    const id = response[0];
    const operation = response[2] & 0xff;
    if (response[1] !== 0 || !shadow.matches(id, operation)) {
      this.giveUp(`response to a request that is not out: id ${id + response[1] * 2 ** 32}, operation ${operation}`);
      return false;
    }
    if (!this.grants.end(shadow.refs, shadow.refsAt(id), shadow.refCount(id))) {
      this.giveUp(`request ${id} is answered, but its pages are still mapped`);
      return false;
    }
    const tag = shadow.tag(id);
    shadow.release(id);
    this.onComplete(tag, (response[2] << 0) >> 16);
    return !this.stopped;
  }

  private giveUp(reason: string): void {
    this.stopped = true;
    this.onBroken(reason);
  }
}
