import type {ScsiAddress} from '../../hypervisor/abi/io/vscsi-address.ts';
import type {Subscription} from 'rxjs';
import {
  scsiif_request_segment,
  VSCSIIF_ACT_SCSI_ABORT,
  VSCSIIF_ACT_SCSI_CDB,
  VSCSIIF_ACT_SCSI_RESET,
  vscsiif_request,
  vscsiif_ring,
  VSCSIIF_SG_GRANT,
  VSCSIIF_SG_PER_PAGE,
  VSCSIIF_SG_TABLESIZE,
} from '../../hypervisor/abi/io/vscsiif.ts';
import {offsetOf, sizeOf} from '../../hypervisor/abi/layout.ts';
import type {FrontRing} from '../../hypervisor/abi/ring.ts';
import type {Gfn} from '../../hypervisor/ids.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {DeviceError} from '../../hypervisor/xenbus/index.ts';
import type {GrantKeeper} from '../grant-keeper.ts';
import {RingPage} from '../ring-page.ts';
import {ScsiResponse} from './response.ts';
import {Shadow} from './shadow.ts';

/** The layout has no 64-bit word: it is the same in every ABI. */
const ABI = 'x86_64';
const CMND = offsetOf(vscsiif_request, 'cmnd', ABI);
const CHANNEL = offsetOf(vscsiif_request, 'channel', ABI) / 2;
const ID = offsetOf(vscsiif_request, 'id', ABI) / 2;
const LUN = offsetOf(vscsiif_request, 'lun', ABI) / 2;
const REF_RQID = offsetOf(vscsiif_request, 'ref_rqid', ABI) / 2;
const DIRECTION = offsetOf(vscsiif_request, 'sc_data_direction', ABI);
const NR_SEGMENTS = offsetOf(vscsiif_request, 'nr_segments', ABI);
const SEG_WORD = offsetOf(vscsiif_request, 'seg', ABI) / 4;
const SEGMENT_BYTES = sizeOf(scsiif_request_segment, ABI);
const SEGMENT_WORDS = SEGMENT_BYTES / 4;

/** sc_data_direction, as Linux numbers it. */
export const DMA_TO_DEVICE = 1;
export const DMA_FROM_DEVICE = 2;
export const DMA_NONE = 3;

/** The ring's last slot is kept for an abort or a reset: commands that hang must not keep these off. */
const RESERVED_SLOTS = 1;

const noLists: readonly Gfn[] = [];

/** Frames that an operation of that many data pages needs: indirect segments take pages of their own. */
export const framesOf = (pages: number): number =>
  pages > VSCSIIF_SG_TABLESIZE ? pages + Math.ceil(pages / VSCSIIF_SG_PER_PAGE) : pages;

export interface ScsiRingOptions {
  ops: HypervisorOps;
  /** The backend's domain. */
  otherDomid: number;
  /** Index at which the ring starts, 0 in real kernels: tests begin near 2^32. */
  start?: number;
  /** A command was answered; `response` holds the answer until this returns. More may be submitted from here. */
  onComplete: (tag: number, response: ScsiResponse) => void;
  /** After the responses of one event. */
  onDrained?: () => void;
  /** The backend broke the rules; the ring is out of use. */
  onBroken: (reason: string) => void;
}

/** The guest's end of a host's ring: pages and commands in, tags and answers out. */
export class ScsiRing {
  readonly page: RingPage;
  readonly port: number;
  private readonly options: ScsiRingOptions;
  private readonly ops: HypervisorOps;
  private readonly front: FrontRing;
  private readonly shadow: Shadow;
  private readonly request = new Uint32Array(sizeOf(vscsiif_request, ABI) / 4);
  private readonly requestBytes = new Uint8Array(this.request.buffer);
  private readonly requestHalves = new Uint16Array(this.request.buffer);
  private readonly response = new ScsiResponse();
  private readonly subscription: Subscription;
  private stopped = false;

  /** Allocates and grants the ring, and a port for the backend to bind. DeviceError when the guest has run out. */
  constructor(options: ScsiRingOptions, maxSegments: number, keeper: GrantKeeper) {
    const {ops, otherDomid, start = 0} = options;
    this.options = options;
    this.ops = ops;
    this.page = new RingPage(ops, otherDomid, vscsiif_ring, start);
    this.front = this.page.ring;
    this.shadow = new Shadow(this.front.shared.entries, framesOf(maxSegments));
    this.port = ops.evtchnAllocUnbound(otherDomid);
    if (this.port < 0) {
      this.page.release(keeper);
      throw new DeviceError(this.port, 'allocating an event channel');
    }
    this.subscription = ops.events(this.port).subscribe(this.drain);
  }

  get inFlight(): number {
    return this.shadow.count;
  }

  /** No room for another command. */
  get full(): boolean {
    return this.stopped || this.shadow.free <= RESERVED_SLOTS || this.front.full();
  }

  /** The rqid that the next request will have. */
  get nextRqid(): number {
    return this.shadow.nextId;
  }

  /**
   * Puts a command on the ring, with `lengthBytes` of data in `frames` from the start of the first on; behind the pages of
   * data stand those for indirect segments (`framesOf`). False when the ring is full or there is no grant entry left.
   */
  submit(
    address: ScsiAddress,
    cdb: Uint8Array,
    direction: number,
    frames: readonly Gfn[],
    lengthBytes: number,
    tag: number,
  ): boolean {
    const {shadow} = this;
    if (this.full) return false;
    const at = shadow.refsAt(shadow.nextId);
    const pages = Math.ceil(lengthBytes / PAGE_SIZE);
    const {grantor} = this.ops;
    const {otherDomid} = this.options;
    if (!grantor.grantMany(otherDomid, frames, direction === DMA_TO_DEVICE, shadow.refs, at, pages)) return false;
    const lists = frames.length > pages ? frames.slice(pages) : noLists;
    if (!grantor.grantMany(otherDomid, lists, true, shadow.refs, at + pages, lists.length)) {
      grantor.endMany(shadow.refs, at, pages);
      return false;
    }
    this.head(VSCSIIF_ACT_SCSI_CDB, address);
    this.requestBytes[3] = cdb.length;
    this.requestBytes.set(cdb, CMND);
    this.requestBytes[DIRECTION] = direction;
    if (lists.length === 0) this.writeSegments(this.request, SEG_WORD, at, 0, pages, lengthBytes);
    else this.writeLists(lists, at, pages, lengthBytes);
    this.requestBytes[NR_SEGMENTS] = lists.length === 0 ? pages : lists.length | VSCSIIF_SG_GRANT;
    this.put(tag, frames.length);
    return true;
  }

  /** Asks for the end of the command that has this rqid. */
  submitAbort(address: ScsiAddress, rqid: number, tag: number): boolean {
    return this.submitAction(VSCSIIF_ACT_SCSI_ABORT, address, rqid, tag);
  }

  submitReset(address: ScsiAddress, tag: number): boolean {
    return this.submitAction(VSCSIIF_ACT_SCSI_RESET, address, 0, tag);
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

  /** After a stop: gives back the port and all pages. They are the guest's again when the backend has let go of them. */
  release(keeper: GrantKeeper): void {
    const {shadow} = this;
    const {grantor} = this.ops;
    this.ops.evtchnClose(this.port);
    shadow.forEachTaken((at, count) => {
      for (let i = at; i < at + count; i++) keeper.release(shadow.refs[i], grantor.gfnOf(shadow.refs[i]));
    });
    this.page.release(keeper);
  }

  toString(): string {
    return `${String(this.front)}, ${this.inFlight} in flight`;
  }

  private submitAction(act: number, address: ScsiAddress, refRqid: number, tag: number): boolean {
    if (this.stopped || this.shadow.free === 0 || this.front.full()) return false;
    this.head(act, address);
    this.requestHalves[REF_RQID] = refRqid;
    this.requestBytes[DIRECTION] = DMA_NONE;
    this.put(tag, 0);
    return true;
  }

  /** Begins a message. */
  private head(act: number, {channel, id, lun}: ScsiAddress): void {
    const {request, requestHalves} = this;
    request.fill(0);
    request[0] = this.shadow.nextId | (act << 16);
    requestHalves[CHANNEL] = channel;
    requestHalves[ID] = id;
    requestHalves[LUN] = lun;
  }

  private put(tag: number, refs: number): void {
    const {front, request} = this;
    this.shadow.take(tag, refs);
    front.shared.copyIn(front.claimRequest(), request, request.length);
  }

  /** The segments of the data pages from `first` on. @see vscsiif.h, struct scsiif_request_segment */
  private writeSegments(
    words: Uint32Array,
    word: number,
    at: number,
    first: number,
    count: number,
    lengthBytes: number,
  ): void {
    const {refs} = this.shadow;
    for (let i = first; i < first + count; i++, word += SEGMENT_WORDS) {
      const length = Math.min(PAGE_SIZE, lengthBytes - i * PAGE_SIZE);
      words[word] = refs[at + i];
      words[word + 1] = length << 16;
    }
  }

  /** Segments in pages of their own, which the request names in place of the data. */
  private writeLists(lists: readonly Gfn[], at: number, pages: number, lengthBytes: number): void {
    const {u32} = this.ops.memory;
    lists.forEach((gfn, list) => {
      const first = list * VSCSIIF_SG_PER_PAGE;
      const count = Math.min(VSCSIIF_SG_PER_PAGE, pages - first);
      this.writeSegments(u32, (gfn * PAGE_SIZE) / 4, at, first, count, lengthBytes);
      const word = SEG_WORD + list * SEGMENT_WORDS;
      this.request[word] = this.shadow.refs[at + pages + list];
      this.request[word + 1] = (count * SEGMENT_BYTES) << 16;
    });
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
    this.options.onDrained?.();
    this.publish();
  };

  private takeResponse(): boolean {
    const {response, shadow} = this;
    this.front.takeResponse(response.words);
    const {rqid} = response;
    if (!shadow.isTaken(rqid)) {
      this.giveUp(`response to a request that is not out: rqid ${rqid}`);
      return false;
    }
    if (!this.ops.grantor.endMany(shadow.refs, shadow.refsAt(rqid), shadow.refCount(rqid))) {
      this.giveUp(`request ${rqid} is answered, but its pages are still mapped`);
      return false;
    }
    const tag = shadow.tag(rqid);
    shadow.release(rqid);
    this.options.onComplete(tag, response);
    return !this.stopped;
  }

  private giveUp(reason: string): void {
    this.stopped = true;
    this.options.onBroken(reason);
  }
}
