import type {Subscription} from 'rxjs';
import {
  blkif_request,
  blkif_request_discard,
  blkif_ring,
  BLKIF_OP_DISCARD,
  BLKIF_OP_FLUSH_DISKCACHE,
  BLKIF_OP_READ,
} from '../../hypervisor/abi/io/blkif.ts';
import {offsetOf} from '../../hypervisor/abi/layout.ts';
import type {FrontRing} from '../../hypervisor/abi/ring.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {DeviceError} from '../../hypervisor/xenbus/index.ts';
import type {GrantKeeper} from '../grant-keeper.ts';
import {RingPage} from '../ring-page.ts';
import {Shadow} from './shadow.ts';

/** Last sector of a whole page. */
export const LAST_SECT = 7;

export interface BlockRingOptions {
  ops: HypervisorOps;
  /** The backend's domain. */
  otherDomid: number;
  /** Value of the requests' `handle`: the virtual device. */
  handle: number;
  /** Index at which the ring starts, 0 in real kernels: tests begin near 2^32. */
  start?: number;
  /** A request was answered: its tag, and BLKIF_RSP_*. More may be submitted from here; they are published later. */
  onComplete: (tag: number, status: number) => void;
  /** After the responses of one event. */
  onDrained?: () => void;
  /** The backend broke the rules; the ring is out of use. */
  onBroken: (reason: string) => void;
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
  private readonly shadow: Shadow;
  private readonly request: Uint32Array;
  private readonly response: Uint32Array;
  private readonly idWord: number;
  private readonly sectorWord: number;
  private readonly segWord: number;
  private readonly nrSectorsWord: number;
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
    this.page = new RingPage(ops, otherDomid, blkif_ring, options.start ?? 0);
    this.front = this.page.ring;
    this.request = new Uint32Array(this.front.shared.requestWords);
    this.response = new Uint32Array(this.front.shared.responseWords);
    this.shadow = new Shadow(this.front.shared.entries);
    this.port = ops.evtchnAllocUnbound(otherDomid);
    if (this.port < 0) {
      this.page.release(keeper);
      throw new DeviceError(this.port, 'allocating an event channel');
    }
    this.subscription = ops.events(this.port).subscribe(this.drain);
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
   * of the last of `count` frames, 1..11. False when the ring is full or the guest has no grant entry left.
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
    const {request, shadow} = this;
    if (this.full) return false;
    const {refs} = shadow;
    const at = shadow.refsAt(shadow.nextId);
    const readonly = operation !== BLKIF_OP_READ;
    if (!this.ops.grantor.grantMany(this.otherDomid, frames, readonly, refs, at, count)) return false;
    for (let i = 0, word = this.segWord; i < count; i++, word += 2) {
      request[word] = refs[at + i];
      request[word + 1] = (i === 0 ? firstSect : 0) | ((i === count - 1 ? lastSect : LAST_SECT) << 8);
    }
    this.put(operation, sector, tag, count, this.segWord + 2 * count);
    return true;
  }

  submitFlush(tag: number): boolean {
    if (this.full) return false;
    this.put(BLKIF_OP_FLUSH_DISKCACHE, 0, tag, 0, this.segWord);
    return true;
  }

  submitDiscard(sector: number, sectors: number, tag: number): boolean {
    if (this.full) return false;
    this.request[this.nrSectorsWord] = sectors;
    this.request[this.nrSectorsWord + 1] = sectors / 2 ** 32;
    this.put(BLKIF_OP_DISCARD, sector, tag, 0, this.nrSectorsWord + 2);
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

  /**
   * After a stop: gives back the port and the ring page, and the frames of the requests that were out, which are the
   * guest's again when the backend has let go of them.
   */
  release(keeper: GrantKeeper): void {
    const {shadow} = this;
    const {grantor} = this.ops;
    this.ops.evtchnClose(this.port);
    for (let id = 0; id < this.entries; id++) {
      if (!shadow.isTaken(id)) continue;
      const at = shadow.refsAt(id);
      for (const ref of shadow.refs.subarray(at, at + shadow.refCount(id))) keeper.release(ref, grantor.gfnOf(ref));
      shadow.release(id);
    }
    this.page.release(keeper);
  }

  toString(): string {
    return `${String(this.front)}, ${this.inFlight} in flight`;
  }

  private put(operation: number, sector: number, tag: number, refCount: number, words: number): void {
    const {request, shadow, sectorWord, front} = this;
    request[0] = operation | (refCount << 8) | (this.handle << 16);
    request[this.idWord] = shadow.nextId;
    request[sectorWord] = sector;
    request[sectorWord + 1] = sector / 2 ** 32;
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
    if (!this.ops.grantor.endMany(shadow.refs, shadow.refsAt(id), shadow.refCount(id))) {
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
