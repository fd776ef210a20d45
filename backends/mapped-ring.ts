import type {RingTypes} from '../hypervisor/abi/io/ring.ts';
import {BackRing, SharedRing} from '../hypervisor/abi/ring.ts';
import type {HypervisorOps} from '../hypervisor/ops.ts';
import type {Transport} from './ring-transport.ts';

/** In place of a number of requests. */
export const OVERRUN = -1;

/** The backend's end of a ring that it has mapped: what can be taken, what was answered, and who has to be told. */
export class MappedRing {
  protected back: BackRing;
  private readonly ops: HypervisorOps;
  private readonly transport: Transport;
  private readonly types: RingTypes;
  private readonly memory: {readonly u32: Uint32Array};

  constructor(ops: HypervisorOps, transport: Transport, types: RingTypes) {
    this.ops = ops;
    this.transport = transport;
    this.types = types;
    this.memory = ops.mappedMemory(transport.ringHandles[0]);
    const shared = this.attachShared();
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

  /** Asks for an event at the next request; false when there is one already. */
  awaitRequests(): boolean {
    return this.back.finalCheckForRequests() === 0;
  }

  /** Publishes the responses; true when the frontend had asked to be told, and was. */
  publish(): boolean {
    const notify = this.back.pushResponsesAndCheckNotify();
    this.ops.account?.endBatch();
    if (notify) this.ops.evtchnSend(this.transport.port);
    return notify;
  }

  toString(): string {
    return String(this.back);
  }

  private attachShared(): SharedRing {
    const {ringHandles, abi} = this.transport;
    const pages = Array.from(ringHandles, (handle) => this.ops.mappedOffset(handle));
    return new SharedRing(this.types, abi, {u32: this.memory.u32, pages});
  }
}
