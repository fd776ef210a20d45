import {blkif_ring} from '../../hypervisor/abi/io/blkif.ts';
import {BackRing, SharedRing} from '../../hypervisor/abi/ring.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import type {BlockRequest} from './request.ts';
import type {Transport} from '../ring-transport.ts';

/** In place of a number of requests. */
export const OVERRUN = -1;

/** The backend's end of a mapped ring: requests out, responses in, and who has to be told. */
export class RingEnd {
  private readonly ops: HypervisorOps;
  private readonly transport: Transport;
  private readonly response: Uint32Array;
  private readonly memory: {readonly u32: Uint32Array};
  private back: BackRing;

  constructor(ops: HypervisorOps, transport: Transport) {
    this.ops = ops;
    this.transport = transport;
    this.memory = ops.mappedMemory(transport.ringHandles[0]);
    const shared = this.attachShared();
    this.response = new Uint32Array(shared.responseWords);
    // A backend that takes over a ring in use goes on behind the last response.
    this.back = new BackRing(shared, shared.rspProd);
  }

  /** To be called first in a task: the guest's memory may have moved to another buffer since the last one. */
  followMemory(): void {
    const {back} = this;
    if (back.shared.u32 === this.memory.u32) return;
    this.back = new BackRing(this.attachShared(), back.reqCons);
    this.back.rspProdPvt = back.rspProdPvt;
  }

  /** Requests that it holds. */
  get entries(): number {
    return this.back.shared.entries;
  }

  /**
   * Requests that can be taken; OVERRUN when the frontend claims more than the ring holds. One look at its index: what is
   * checked is what is used.
   */
  look(): number {
    const {back} = this;
    const {reqProd} = back.shared;
    return back.requestProdOverflow(reqProd) ? OVERRUN : back.unconsumedRequests(reqProd);
  }

  /** Takes the next request: its first word, which tells how long it is, then the rest. Each word is read once. */
  take(request: BlockRequest): void {
    const {back} = this;
    const index = back.skipRequest();
    back.shared.copyOut(index, request.words, 1);
    back.shared.copyOut(index, request.words, request.wordsInUse, 1);
    request.findSegments();
  }

  /** Asks for an event at the next request; false when there is one already. */
  awaitRequests(): boolean {
    return this.back.finalCheckForRequests() === 0;
  }

  /** Fills the next response. `status` is BLKIF_RSP_*. @see blkif.h, struct blkif_response */
  respond(operation: number, idLow: number, idHigh: number, status: number): void {
    const {response} = this;
    response[0] = idLow;
    response[1] = idHigh;
    response[2] = operation | ((status & 0xffff) << 16);
    this.back.putResponse(response);
  }

  /** Publishes the responses; true when the frontend had asked to be told, and was. */
  publish(): boolean {
    const notify = this.back.pushResponsesAndCheckNotify();
    if (notify) this.ops.evtchnSend(this.transport.port);
    return notify;
  }

  toString(): string {
    return String(this.back);
  }

  private attachShared(): SharedRing {
    const {ringHandles, abi} = this.transport;
    const pages = Array.from(ringHandles, (handle) => this.ops.mappedOffset(handle));
    return new SharedRing(blkif_ring, abi, {u32: this.memory.u32, pages});
  }
}
