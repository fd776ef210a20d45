import type {HypervisorOps} from '../../../hypervisor/index.ts';
import type {Gfn} from '../../../hypervisor/ids.ts';
import {needsNotify, SharedRingPage} from './shared-ring-page.ts';

/** Byte offsets in a slot, by ABI. @see blkif.h, struct blkif_request */
const layouts = {
  x86_64: {slot: 112, id: 8, sector: 16, seg: 24, status: 10},
  x86_32: {slot: 108, id: 4, sector: 12, seg: 20, status: 10},
} as const;

const PAGE_BYTES = 4096;

/** @see blkif.h, BLKIF_OP_* and BLKIF_RSP_* */
export const BLK_OP = {read: 0, write: 1, barrier: 2, flush: 3, discard: 5, indirect: 6} as const;
export const BLK_RSP = {okay: 0, error: -1, notSupported: -2} as const;

export type BlockAbi = keyof typeof layouts;

export interface BlockSegment {
  gref: number;
  first?: number;
  last?: number;
}

export interface BlockRequest {
  operation: number;
  id?: bigint;
  sector?: bigint;
  handle?: number;
  segments?: readonly BlockSegment[];
  /** Instead of the number of segments, or the flag of a discard. */
  nrSegments?: number;
  /** nr_sectors of a discard. */
  discardSectors?: bigint;
}

export interface BlockResponse {
  id: bigint;
  operation: number;
  status: number;
}

/** A page of the guest that the backend may use. */
export interface GrantedPage {
  readonly gfn: Gfn;
  readonly gref: number;
  readonly bytes: Uint8Array;
}

/** A block frontend without a driver: any bytes on the ring, in any order. */
export class BlockFrontendPeer {
  readonly abi: BlockAbi;
  readonly ring: SharedRingPage;
  readonly ringGfn: Gfn;
  readonly ringRef: number;
  readonly port: number;
  /** Next request to fill, next response to take. */
  reqProd: number;
  rspCons: number;
  events = 0;
  private readonly ops: HypervisorOps;
  private readonly note: (what: string) => void;

  constructor(ops: HypervisorOps, note: (what: string) => void, options: {abi?: BlockAbi; start?: number} = {}) {
    const {abi = 'x86_64', start = 0} = options;
    this.ops = ops;
    this.note = note;
    this.abi = abi;
    this.ringGfn = this.frame();
    this.ring = new SharedRingPage(ops.memory, () => this.ringGfn * PAGE_BYTES, layouts[abi].slot);
    this.ring.init(start);
    this.reqProd = start;
    this.rspCons = start;
    this.ringRef = ops.grantor.grantAccess(0, this.ringGfn, false);
    this.port = ops.evtchnAllocUnbound(0);
    ops.events(this.port).subscribe(() => {
      this.events++;
      note('gets an event');
    });
  }

  /** What it writes into its directory. */
  get nodes(): Record<string, string> {
    return {'ring-ref': String(this.ringRef), 'event-channel': String(this.port), protocol: `${this.abi}-abi`};
  }

  get outstanding(): number {
    return (this.reqProd - this.rspCons) >>> 0;
  }

  /** A fresh page, granted to the backend. */
  page({readonly = false, fill = 0}: {readonly?: boolean; fill?: number} = {}): GrantedPage {
    const gfn = this.frame();
    const bytes = this.ops.memory.page(gfn);
    bytes.fill(fill);
    return {gfn, gref: this.ops.grantor.grantAccess(0, gfn, readonly), bytes};
  }

  /** Takes the grant back; false while the backend has the page mapped. */
  revoke(page: GrantedPage): boolean {
    return this.ops.grantor.endAccess(page.gref);
  }

  /** Fills the next slot. */
  put({operation, id = 0n, sector = 0n, handle = 0, segments = [], nrSegments, discardSectors}: BlockRequest): void {
    const layout = layouts[this.abi];
    const slot = this.ring.slot(this.reqProd);
    new Uint8Array(slot.buffer, slot.byteOffset, slot.byteLength).fill(0);
    slot.setUint8(0, operation);
    slot.setUint8(1, nrSegments ?? segments.length);
    slot.setUint16(2, handle, true);
    slot.setBigUint64(layout.id, id, true);
    slot.setBigUint64(layout.sector, sector, true);
    segments.slice(0, 11).forEach(({gref, first = 0, last = 7}, i) => {
      slot.setUint32(layout.seg + 8 * i, gref, true);
      slot.setUint8(layout.seg + 8 * i + 4, first);
      slot.setUint8(layout.seg + 8 * i + 5, last);
    });
    if (discardSectors !== undefined) slot.setBigUint64(layout.seg, discardSectors, true);
    this.note(`fills request ${this.reqProd}: operation ${operation}, id ${id}, sector ${sector}`);
    this.reqProd = (this.reqProd + 1) >>> 0;
  }

  /** A read of one page, the least that shows that the backend serves. */
  putRead(id: bigint, page: GrantedPage, sector = 0n): void {
    this.put({operation: BLK_OP.read, id, sector, segments: [{gref: page.gref}]});
  }

  /** Publishes what was put, or any index, without an event. Returns the index published before. */
  publish(reqProd = this.reqProd): number {
    const old = this.ring.reqProd;
    this.ring.reqProd = reqProd;
    this.note(`publishes req_prod ${reqProd >>> 0}`);
    return old;
  }

  notify(): void {
    this.ops.evtchnSend(this.port);
  }

  /** Publishes, and sends an event if the backend has asked for one. Returns whether it had. */
  push(): boolean {
    const old = this.publish();
    const wanted = needsNotify(old, this.reqProd, this.ring.reqEvent);
    if (wanted) this.notify();
    return wanted;
  }

  /** Takes the responses that are there and, unless told not to, asks for an event at the next. */
  take({rearm = true}: {rearm?: boolean} = {}): BlockResponse[] {
    const responses: BlockResponse[] = [];
    // A broken rsp_prod must not keep us here for ever.
    while (this.rspCons !== this.ring.rspProd && responses.length < this.ring.slots) {
      const slot = this.ring.slot(this.rspCons);
      const response = {
        id: slot.getBigUint64(0, true),
        operation: slot.getUint8(8),
        status: slot.getInt16(layouts[this.abi].status, true),
      };
      responses.push(response);
      this.note(`takes response ${this.rspCons}: id ${response.id}, status ${response.status}`);
      this.rspCons = (this.rspCons + 1) >>> 0;
    }
    if (rearm) this.ring.rspEvent = this.rspCons + 1;
    return responses;
  }

  private frame(): Gfn {
    const gfn = this.ops.pages.alloc();
    if (gfn === undefined) throw new Error('the peer is out of pages');
    return gfn;
  }
}
