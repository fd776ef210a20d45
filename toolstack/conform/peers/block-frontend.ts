import type {HypervisorOps} from '../../../hypervisor/index.ts';
import type {Gfn} from '../../../hypervisor/ids.ts';
import {needsNotify, SharedRingPage} from './shared-ring-page.ts';

/** Byte offsets in a slot, by ABI. @see blkif.h, struct blkif_request */
export const blockLayouts = {
  x86_64: {slot: 112, id: 8, sector: 16, seg: 24, handle: 24, grefs: 28, status: 10},
  x86_32: {slot: 108, id: 4, sector: 12, seg: 20, handle: 20, grefs: 24, status: 10},
} as const;

const PAGE_BYTES = 4096;

/** @see blkif.h, BLKIF_OP_* and BLKIF_RSP_* */
export const BLK_OP = {read: 0, write: 1, barrier: 2, flush: 3, discard: 5, indirect: 6} as const;
export const BLK_RSP = {okay: 0, error: -1, notSupported: -2} as const;

export type BlockAbi = keyof typeof blockLayouts;

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
  /** Of an indirect request: what is inside, and the pages of its segments. */
  indirect?: {operation: number; nrSegments: number; grefs: readonly number[]};
}

export interface BlockResponse {
  id: bigint;
  operation: number;
  status: number;
}

export interface PeerRing {
  abi?: BlockAbi;
  /** Index at which the ring starts. */
  start?: number;
  /** ring-page-order */
  order?: number;
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
  readonly ringGfns: readonly Gfn[];
  readonly ringRefs: readonly number[];
  readonly port: number;
  /** Next request to fill, next response to take. */
  reqProd: number;
  rspCons: number;
  events = 0;
  private readonly ops: HypervisorOps;
  private readonly note: (what: string) => void;

  constructor(ops: HypervisorOps, note: (what: string) => void, options: PeerRing = {}) {
    const {abi = 'x86_64', start = 0, order = 0} = options;
    this.ops = ops;
    this.note = note;
    this.abi = abi;
    // From the last to the first, so that they do not lie together.
    this.ringGfns = Array.from({length: 2 ** order}, () => this.frame()).toReversed();
    const bases = this.ringGfns.map((gfn) => () => gfn * PAGE_BYTES);
    this.ring = new SharedRingPage(ops.memory, bases, blockLayouts[abi].slot);
    this.ring.init(start);
    this.reqProd = start;
    this.rspCons = start;
    this.ringRefs = this.ringGfns.map((gfn) => ops.grantor.grantAccess(0, gfn, false));
    this.port = ops.evtchnAllocUnbound(0);
    ops.events(this.port).subscribe(() => {
      this.events++;
      note('gets an event');
    });
  }

  /** What it writes into its directory. */
  get nodes(): Record<string, string> {
    const order = Math.log2(this.ringRefs.length);
    return {
      ...(order > 0 && {'ring-page-order': String(order), 'num-ring-pages': String(this.ringRefs.length)}),
      ...this.ringNodes,
      protocol: `${this.abi}-abi`,
    };
  }

  /** Those of them that belong to one ring. */
  get ringNodes(): Record<string, string> {
    const {ringRefs} = this;
    const names = ringRefs.map((ref, i) => [ringRefs.length === 1 ? 'ring-ref' : `ring-ref${i}`, String(ref)] as const);
    return {...Object.fromEntries(names), 'event-channel': String(this.port)};
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

  /** Another reference for the same page. */
  regrant({gfn}: GrantedPage): number {
    return this.ops.grantor.grantAccess(0, gfn, false);
  }

  /** Takes the grant back; false while the backend has the page mapped. */
  revoke(page: GrantedPage): boolean {
    return this.ops.grantor.endAccess(page.gref);
  }

  /** Takes the ring's grant back: false while the backend has it mapped. Once only. */
  takeRingBack(): boolean {
    return this.ringRefs.every((ref) => this.ops.grantor.endAccess(ref));
  }

  /** A page of segment descriptors, granted. @see blkif.h, struct blkif_request_segment */
  segmentPage(segments: readonly BlockSegment[]): GrantedPage {
    const page = this.page({readonly: true});
    const view = new DataView(page.bytes.buffer, page.bytes.byteOffset, PAGE_BYTES);
    segments.forEach((segment, i) => putSegment(view, 8 * i, segment));
    return page;
  }

  /** Fills the next slot. */
  put(request: BlockRequest): void {
    const {operation, id = 0n, sector = 0n, indirect} = request;
    const layout = blockLayouts[this.abi];
    const slot = new DataView(new ArrayBuffer(layout.slot));
    slot.setUint8(0, operation);
    slot.setBigUint64(layout.id, id, true);
    slot.setBigUint64(layout.sector, sector, true);
    if (indirect === undefined) this.putDirect(slot, request);
    else this.putIndirect(slot, indirect);
    this.ring.writeSlot(this.reqProd, new Uint8Array(slot.buffer));
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
      const slot = this.ring.readSlot(this.rspCons);
      const response = {
        id: slot.getBigUint64(0, true),
        operation: slot.getUint8(8),
        status: slot.getInt16(blockLayouts[this.abi].status, true),
      };
      responses.push(response);
      this.note(`takes response ${this.rspCons}: id ${response.id}, status ${response.status}`);
      this.rspCons = (this.rspCons + 1) >>> 0;
    }
    if (rearm) this.ring.rspEvent = this.rspCons + 1;
    return responses;
  }

  private putDirect(slot: DataView, request: BlockRequest): void {
    const {handle = 0, segments = [], nrSegments, discardSectors} = request;
    const layout = blockLayouts[this.abi];
    slot.setUint8(1, nrSegments ?? segments.length);
    slot.setUint16(2, handle, true);
    segments.slice(0, 11).forEach((segment, i) => putSegment(slot, layout.seg + 8 * i, segment));
    if (discardSectors !== undefined) slot.setBigUint64(layout.seg, discardSectors, true);
  }

  private putIndirect(slot: DataView, {operation, nrSegments, grefs}: NonNullable<BlockRequest['indirect']>): void {
    const layout = blockLayouts[this.abi];
    slot.setUint8(1, operation);
    slot.setUint16(2, nrSegments, true);
    slot.setUint16(layout.handle, 0xbeef, true);
    grefs.forEach((gref, i) => slot.setUint32(layout.grefs + 4 * i, gref, true));
  }

  private frame(): Gfn {
    const gfn = this.ops.pages.alloc();
    if (gfn === undefined) throw new Error('the peer is out of pages');
    return gfn;
  }
}

const putSegment = (view: DataView, at: number, {gref, first = 0, last = 7}: BlockSegment): void => {
  view.setUint32(at, gref, true);
  view.setUint8(at + 4, first);
  view.setUint8(at + 5, last);
};
