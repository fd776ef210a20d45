import type {HypervisorOps} from '../../../hypervisor/index.ts';
import type {Gfn} from '../../../hypervisor/ids.ts';
import type {GrantedPage} from './block-frontend.ts';
import {needsNotify, SharedRingPage} from './shared-ring-page.ts';

const PAGE_BYTES = 4096;

/** Bytes of a slot. @see vscsiif.h, "Size of one request is 252 bytes" */
export const SCSI_SLOT_BYTES = 252;
/** Segments that have room in a request. */
export const SCSI_DIRECT_SEGMENTS = 26;
/** The flag in nr_segments. */
export const SCSI_INDIRECT = 0x80;

/** @see vscsiif.h, VSCSIIF_ACT_SCSI_* */
export const SCSI_ACT = {cdb: 1, abort: 2, reset: 3, preset: 4} as const;
/** sc_data_direction */
export const SCSI_DIRECTION = {both: 0, out: 1, in: 2, none: 3} as const;

/** Byte offsets in a request. @see vscsiif.h, struct vscsiif_request */
export const SCSI_REQUEST = {
  rqid: 0,
  act: 2,
  cmdLen: 3,
  cmnd: 4,
  timeout: 20,
  channel: 22,
  id: 24,
  lun: 26,
  refRqid: 28,
  direction: 30,
  nrSegments: 31,
  seg: 32,
} as const;

/** Byte offsets in a response. @see vscsiif.h, struct vscsiif_response */
export const SCSI_RESPONSE = {rqid: 0, act: 2, senseLen: 3, sense: 4, rslt: 100, residual: 104} as const;

/** A piece of a granted page: by default all of it. */
export interface ScsiSegment {
  readonly gref: number;
  readonly offset?: number;
  readonly length?: number;
}

export interface ScsiPeerRequest {
  readonly act?: number;
  readonly rqid?: number;
  readonly cdb?: readonly number[];
  /** Instead of the length of `cdb`. */
  readonly cmdLen?: number;
  readonly timeout?: number;
  readonly channel?: number;
  readonly id?: number;
  readonly lun?: number;
  readonly refRqid?: number;
  readonly direction?: number;
  readonly segments?: readonly ScsiSegment[];
  /** Instead of the number of segments. */
  readonly nrSegments?: number;
}

export interface ScsiPeerResponse {
  readonly rqid: number;
  readonly act: number;
  readonly senseLen: number;
  /** The whole buffer. */
  readonly sense: Uint8Array;
  readonly rslt: number;
  readonly residual: number;
}

/** A SCSI frontend without a driver: any bytes on the ring, in any order. */
export class ScsiFrontendPeer {
  readonly ring: SharedRingPage;
  readonly ringGfn: Gfn;
  readonly ringRef: number;
  readonly port: number;
  /** Next request to fill, next response to take. */
  reqProd = 0;
  rspCons = 0;
  private readonly ops: HypervisorOps;
  private readonly note: (what: string) => void;

  constructor(ops: HypervisorOps, note: (what: string) => void) {
    this.ops = ops;
    this.note = note;
    const gfn = this.frame();
    this.ringGfn = gfn;
    this.ring = new SharedRingPage(ops.memory, () => gfn * PAGE_BYTES, SCSI_SLOT_BYTES);
    this.ring.init();
    this.ringRef = ops.grantor.grantAccess(0, gfn, false);
    this.port = ops.evtchnAllocUnbound(0);
    ops.events(this.port).subscribe(() => note('gets an event'));
  }

  /** What it writes into its directory. */
  get nodes(): Record<string, string> {
    return {'ring-ref': String(this.ringRef), 'event-channel': String(this.port), protocol: 'x86_64-abi'};
  }

  /** A fresh page, granted to the backend. */
  page({readonly = false, fill = 0}: {readonly?: boolean; fill?: number} = {}): GrantedPage {
    const gfn = this.frame();
    const bytes = this.ops.memory.page(gfn);
    bytes.fill(fill);
    return {gfn, gref: this.ops.grantor.grantAccess(0, gfn, readonly), bytes};
  }

  /** A page of segments, granted, from byte `start` on. @see vscsiif.h, VSCSIIF_SG_GRANT */
  segmentPage(segments: readonly ScsiSegment[], start = 0): GrantedPage {
    const page = this.page({readonly: true});
    const view = new DataView(page.bytes.buffer, page.bytes.byteOffset, PAGE_BYTES);
    segments.forEach((segment, i) => putSegment(view, start + 8 * i, segment));
    return page;
  }

  /** Fills the next slot. */
  put(request: ScsiPeerRequest): void {
    const {act = SCSI_ACT.cdb, rqid = 0, cdb = [], segments = []} = request;
    const slot = new DataView(new ArrayBuffer(SCSI_SLOT_BYTES));
    slot.setUint16(SCSI_REQUEST.rqid, rqid, true);
    slot.setUint8(SCSI_REQUEST.act, act);
    slot.setUint8(SCSI_REQUEST.cmdLen, request.cmdLen ?? cdb.length);
    cdb.forEach((byte, i) => slot.setUint8(SCSI_REQUEST.cmnd + i, byte));
    for (const key of ['timeout', 'channel', 'id', 'lun', 'refRqid'] as const)
      slot.setUint16(SCSI_REQUEST[key], request[key] ?? 0, true);
    slot.setUint8(SCSI_REQUEST.direction, request.direction ?? SCSI_DIRECTION.none);
    slot.setUint8(SCSI_REQUEST.nrSegments, request.nrSegments ?? segments.length);
    segments
      .slice(0, SCSI_DIRECT_SEGMENTS)
      .forEach((segment, i) => putSegment(slot, SCSI_REQUEST.seg + 8 * i, segment));
    this.ring.writeSlot(this.reqProd, new Uint8Array(slot.buffer));
    this.note(`fills request ${this.reqProd}: act ${act}, rqid ${rqid}, cdb ${cdb.join(' ')}`);
    this.reqProd = (this.reqProd + 1) >>> 0;
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

  /** Publishes, and sends an event if the backend has asked for one. */
  push(): void {
    if (needsNotify(this.publish(), this.reqProd, this.ring.reqEvent)) this.notify();
  }

  /** Takes the responses that are there, and asks for an event at the next. */
  take(): ScsiPeerResponse[] {
    const responses: ScsiPeerResponse[] = [];
    // A broken rsp_prod must not keep us here for ever.
    while (this.rspCons !== this.ring.rspProd && responses.length < this.ring.slots) {
      const response = responseOf(this.ring.readSlot(this.rspCons));
      responses.push(response);
      this.note(`takes response ${this.rspCons}: rqid ${response.rqid}, rslt 0x${response.rslt.toString(16)}`);
      this.rspCons = (this.rspCons + 1) >>> 0;
    }
    this.ring.rspEvent = this.rspCons + 1;
    return responses;
  }

  private frame(): Gfn {
    const gfn = this.ops.pages.alloc();
    if (gfn === undefined) throw new Error('the peer is out of pages');
    return gfn;
  }
}

const responseOf = (slot: DataView): ScsiPeerResponse => ({
  rqid: slot.getUint16(SCSI_RESPONSE.rqid, true),
  act: slot.getUint8(SCSI_RESPONSE.act),
  senseLen: slot.getUint8(SCSI_RESPONSE.senseLen),
  sense: new Uint8Array(slot.buffer, SCSI_RESPONSE.sense, 96),
  rslt: slot.getUint32(SCSI_RESPONSE.rslt, true),
  residual: slot.getUint32(SCSI_RESPONSE.residual, true),
});

const putSegment = (view: DataView, at: number, {gref, offset = 0, length = PAGE_BYTES}: ScsiSegment): void => {
  view.setUint32(at, gref, true);
  view.setUint16(at + 4, offset, true);
  view.setUint16(at + 6, length, true);
};
