import {dumpIndexes} from './shared-ring.ts';
import type {SharedRing} from './shared-ring.ts';

/**
 * The backend's view of a ring: it consumes requests and produces responses.
 *
 * What the frontend writes is data: check `requestProdOverflow()` before a drain, take requests out by copy, and never
 * take more than `unconsumedRequests()` says.
 *
 * @see ring.h, BACK_RING_*
 */
export class BackRing {
  readonly shared: SharedRing;
  /** Next request to take. */
  reqCons: number;
  /** Next response to fill; those from `shared.rspProd` up to here are not published yet. */
  rspProdPvt: number;

  /** BACK_RING_ATTACH: both private indexes start at `index`; of a ring that was in use, its rsp_prod. */
  constructor(shared: SharedRing, index = 0) {
    this.shared = shared;
    this.reqCons = index >>> 0;
    this.rspProdPvt = index >>> 0;
  }

  /**
   * RING_NR_UNCONSUMED_REQUESTS: requests that can be taken. At most those that the ring has room to answer, whatever
   * the frontend claims.
   */
  unconsumedRequests(reqProd: number = this.shared.reqProd): number {
    const requests = (reqProd - this.reqCons) >>> 0;
    const room = (this.shared.entries - (this.reqCons - this.rspProdPvt)) >>> 0;
    return requests < room ? requests : room;
  }

  /** RING_REQUEST_PROD_OVERFLOW: more requests than the ring holds. The frontend is broken; stop. */
  requestProdOverflow(reqProd: number = this.shared.reqProd): boolean {
    return (reqProd - this.rspProdPvt) >>> 0 > this.shared.entries;
  }

  /** RING_REQUEST_CONS_OVERFLOW: would taking the request at this index overrun the unanswered ones? */
  requestConsOverflow(reqCons: number = this.reqCons): boolean {
    return (reqCons - this.rspProdPvt) >>> 0 >= this.shared.entries;
  }

  /** RING_COPY_REQUEST of the next request into `into`, and consumes it. */
  takeRequest(into: Uint32Array): void {
    const {shared} = this;
    shared.copyOut(this.reqCons, into, shared.requestWords);
    this.reqCons = (this.reqCons + 1) >>> 0;
  }

  /** Takes the next request without copying; returns its index. */
  skipRequest(): number {
    const index = this.reqCons;
    this.reqCons = (index + 1) >>> 0;
    return index;
  }

  /** Asks for an event at the `count`-th request from here: 1 is the very next, more holds events off. */
  awaitRequests(count = 1): void {
    this.shared.reqEvent = this.reqCons + count;
  }

  /** RING_FINAL_CHECK_FOR_REQUESTS: requests to take; 0 means that an event will announce the next one. */
  finalCheckForRequests(): number {
    const work = this.unconsumedRequests();
    if (work !== 0) return work;
    this.awaitRequests();
    return this.unconsumedRequests();
  }

  /** Copies a response into the next slot. It is published by a push. */
  putResponse(response: Uint32Array): void {
    const {shared} = this;
    shared.copyIn(this.rspProdPvt, response, shared.responseWords);
    this.rspProdPvt = (this.rspProdPvt + 1) >>> 0;
  }

  /** Takes the next slot to be filled in place; returns its index (@see SharedRing.slotWord). */
  claimResponse(): number {
    const index = this.rspProdPvt;
    this.rspProdPvt = (index + 1) >>> 0;
    return index;
  }

  /** RING_PUSH_RESPONSES: publishes what was filled. Returns the index published before, for `responsesNeedNotify`. */
  pushResponses(): number {
    const old = this.shared.rspProd;
    this.shared.rspProd = this.rspProdPvt;
    return old;
  }

  /** The second half of RING_PUSH_RESPONSES_AND_CHECK_NOTIFY: did the push pass the frontend's rsp_event? */
  responsesNeedNotify(old: number): boolean {
    const now = this.rspProdPvt;
    return (now - this.shared.rspEvent) >>> 0 < (now - old) >>> 0;
  }

  /** RING_PUSH_RESPONSES_AND_CHECK_NOTIFY: true when the frontend wants an event. */
  pushResponsesAndCheckNotify(): boolean {
    return this.responsesNeedNotify(this.pushResponses());
  }

  toString(): string {
    return `back ${String(this.shared)} ${dumpIndexes({rsp_prod_pvt: this.rspProdPvt, req_cons: this.reqCons})}`;
  }
}
