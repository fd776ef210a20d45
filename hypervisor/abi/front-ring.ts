import {dumpIndexes} from './shared-ring.ts';
import type {SharedRing} from './shared-ring.ts';

/**
 * The frontend's view of a ring: it produces requests and consumes responses.
 *
 * As in ring.h nothing here keeps the caller from overfilling the ring: ask `free()` first. What the peer writes is
 * data: check `responseOverflow()` before trusting `unconsumedResponses()`.
 *
 * @see ring.h, FRONT_RING_*
 */
export class FrontRing {
  readonly shared: SharedRing;
  /** Next request to fill; those from `shared.reqProd` up to here are not published yet. */
  reqProdPvt: number;
  /** Next response to take. */
  rspCons: number;

  /** FRONT_RING_ATTACH: both private indexes start at `index`. A fresh ring wants `shared.init()` first. */
  constructor(shared: SharedRing, index = 0) {
    this.shared = shared;
    this.reqProdPvt = index >>> 0;
    this.rspCons = index >>> 0;
  }

  /** RING_FREE_REQUESTS: slots that can be filled. */
  free(): number {
    return (this.shared.entries - (this.reqProdPvt - this.rspCons)) >>> 0;
  }

  /** RING_FULL */
  full(): boolean {
    return this.free() === 0;
  }

  /** Copies a request into the next slot. It is published by a push. */
  putRequest(request: Uint32Array): void {
    const {shared} = this;
    shared.copyIn(this.reqProdPvt, request, shared.requestWords);
    this.reqProdPvt = (this.reqProdPvt + 1) >>> 0;
  }

  /** Takes the next slot to be filled in place; returns its index (@see SharedRing.slotWord). */
  claimRequest(): number {
    const index = this.reqProdPvt;
    this.reqProdPvt = (index + 1) >>> 0;
    return index;
  }

  /** RING_PUSH_REQUESTS: publishes what was filled. Returns the index published before, for `requestsNeedNotify`. */
  pushRequests(): number {
    const old = this.shared.reqProd;
    this.shared.reqProd = this.reqProdPvt;
    return old;
  }

  /** The second half of RING_PUSH_REQUESTS_AND_CHECK_NOTIFY: did the push pass the backend's req_event? */
  requestsNeedNotify(old: number): boolean {
    const now = this.reqProdPvt;
    return (now - this.shared.reqEvent) >>> 0 < (now - old) >>> 0;
  }

  /** RING_PUSH_REQUESTS_AND_CHECK_NOTIFY: true when the backend wants an event. */
  pushRequestsAndCheckNotify(): boolean {
    return this.requestsNeedNotify(this.pushRequests());
  }

  /** RING_NR_UNCONSUMED_RESPONSES: whatever the peer claims, 0..2^32-1. */
  unconsumedResponses(): number {
    return (this.shared.rspProd - this.rspCons) >>> 0;
  }

  /** RING_RESPONSE_PROD_OVERFLOW: more responses than the ring holds. The backend is broken; stop. */
  responseProdOverflow(rspProd: number = this.shared.rspProd): boolean {
    return (rspProd - this.rspCons) >>> 0 > this.shared.entries;
  }

  /** RING_COPY_RESPONSE of the next response into `into`, and consumes it. */
  takeResponse(into: Uint32Array): void {
    const {shared} = this;
    shared.copyOut(this.rspCons, into, shared.responseWords);
    this.rspCons = (this.rspCons + 1) >>> 0;
  }

  /** Takes the next response without copying; returns its index. */
  skipResponse(): number {
    const index = this.rspCons;
    this.rspCons = (index + 1) >>> 0;
    return index;
  }

  /** Asks for an event at the `count`-th response from here: 1 is the very next, more holds events off. */
  awaitResponses(count = 1): void {
    this.shared.rspEvent = this.rspCons + count;
  }

  /** RING_FINAL_CHECK_FOR_RESPONSES: unconsumed responses; 0 means that an event will announce the next one. */
  finalCheckForResponses(): number {
    const work = this.unconsumedResponses();
    if (work !== 0) return work;
    this.awaitResponses();
    return this.unconsumedResponses();
  }

  toString(): string {
    return `front ${String(this.shared)} ${dumpIndexes({req_prod_pvt: this.reqProdPvt, rsp_cons: this.rspCons})}`;
  }
}
