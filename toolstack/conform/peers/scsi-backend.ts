import {GNTMAP_host_map, GNTMAP_readonly} from '../../../hypervisor/abi/grant-table.ts';
import type {HypervisorOps} from '../../../hypervisor/index.ts';
import {PAGE_SIZE} from '../../../hypervisor/memory/index.ts';
import {Breach} from '../verdict.ts';
import {
  SCSI_ACT,
  SCSI_DIRECT_SEGMENTS,
  SCSI_DIRECTION,
  SCSI_INDIRECT,
  SCSI_REQUEST,
  SCSI_RESPONSE,
  SCSI_SLOT_BYTES,
} from './scsi-frontend.ts';
import {needsNotify, SharedRingPage} from './shared-ring-page.ts';

const SENSE_BYTES = 96;

export interface TakenScsiSegment {
  readonly gref: number;
  readonly offset: number;
  readonly length: number;
}

/** A request as it stands in its slot. */
export interface TakenScsiRequest {
  readonly rqid: number;
  readonly act: number;
  readonly cdb: readonly number[];
  readonly channel: number;
  readonly id: number;
  readonly lun: number;
  readonly refRqid: number;
  readonly direction: number;
  readonly nrSegments: number;
  /** Of data: of an indirect request those in its pages. */
  readonly segments: readonly TakenScsiSegment[];
}

export interface ScsiAnswer {
  readonly rqid: number;
  readonly act?: number;
  readonly rslt?: number;
  readonly residual?: number;
  readonly sense?: readonly number[];
  /** Instead of the length of `sense`. */
  readonly senseLen?: number;
}

/** The ring of a frontend, as it announced it. */
export interface AnnouncedScsiRing {
  readonly frontend: number;
  readonly ringRef: number;
  readonly remotePort: number;
}

/** A SCSI backend without a driver: maps the ring, and puts any bytes on it. */
export class ScsiBackendPeer {
  readonly ring: SharedRingPage;
  readonly port: number;
  /** Next request to take, next response to fill. */
  reqCons: number;
  rspProd: number;
  private readonly ops: HypervisorOps;
  private readonly note: (what: string) => void;
  private readonly frontend: number;
  private readonly handle: number;

  constructor(ops: HypervisorOps, note: (what: string) => void, {frontend, ringRef, remotePort}: AnnouncedScsiRing) {
    this.ops = ops;
    this.note = note;
    this.frontend = frontend;
    this.handle = ops.gnttabMap(frontend, ringRef, GNTMAP_host_map);
    this.port = ops.evtchnBindInterdomain(frontend, remotePort);
    if (this.handle < 0 || this.port < 0) {
      const seen = `ring-ref ${ringRef} maps to ${this.handle}, event-channel ${remotePort} binds to ${this.port}`;
      throw new Breach(seen, 'a ring that can be mapped and a port that can be bound');
    }
    const {handle} = this;
    this.ring = new SharedRingPage(ops.mappedMemory(handle), () => ops.mappedOffset(handle), SCSI_SLOT_BYTES);
    this.reqCons = this.ring.rspProd;
    this.rspProd = this.ring.rspProd;
    ops.events(this.port).subscribe(() => note('gets an event'));
  }

  /** Takes the requests that are there, at most a ring full, and asks for an event at the next. */
  take(): TakenScsiRequest[] {
    const requests: TakenScsiRequest[] = [];
    while (this.reqCons !== this.ring.reqProd && requests.length < this.ring.slots) {
      const request = this.requestOf(this.ring.readSlot(this.reqCons));
      requests.push(request);
      this.note(`takes request ${this.reqCons}: act ${request.act}, rqid ${request.rqid}`);
      this.reqCons = (this.reqCons + 1) >>> 0;
    }
    this.ring.reqEvent = this.reqCons + 1;
    return requests;
  }

  /** Fills the next response slot. */
  respond({rqid, act = SCSI_ACT.cdb, rslt = 0, residual = 0, sense = [], senseLen = sense.length}: ScsiAnswer): void {
    const slot = new DataView(new ArrayBuffer(SCSI_SLOT_BYTES));
    slot.setUint16(SCSI_RESPONSE.rqid, rqid, true);
    slot.setUint8(SCSI_RESPONSE.act, act);
    slot.setUint8(SCSI_RESPONSE.senseLen, senseLen);
    sense.slice(0, SENSE_BYTES).forEach((byte, i) => slot.setUint8(SCSI_RESPONSE.sense + i, byte));
    slot.setUint32(SCSI_RESPONSE.rslt, rslt, true);
    slot.setUint32(SCSI_RESPONSE.residual, residual, true);
    this.ring.writeSlot(this.rspProd, new Uint8Array(slot.buffer));
    this.note(`fills response ${this.rspProd}: rqid ${rqid}, rslt 0x${rslt.toString(16)}`);
    this.rspProd = (this.rspProd + 1) >>> 0;
  }

  /** Does what a disk of pattern bytes would: fills the pages of a read, answers. */
  serve(request: TakenScsiRequest, pattern: number): void {
    if (request.direction === SCSI_DIRECTION.in) this.fill(request, pattern);
    this.respond({rqid: request.rqid});
  }

  /** Publishes what was filled, and sends an event if the frontend has asked for one. */
  push(): void {
    const old = this.ring.rspProd;
    this.ring.rspProd = this.rspProd;
    this.note(`publishes rsp_prod ${this.rspProd}`);
    if (needsNotify(old, this.rspProd, this.ring.rspEvent)) this.ops.evtchnSend(this.port);
  }

  /** Maps a page of the frontend: a handle, or GNTST_* below 0. */
  map(gref: number): number {
    return this.ops.gnttabMap(this.frontend, gref, GNTMAP_host_map);
  }

  /** What a request's data are, one piece after another; undefined when a page cannot be mapped. */
  dataOf({segments}: TakenScsiRequest): Uint8Array | undefined {
    const pieces = segments.map(({gref, offset, length}) => this.bytesOf(gref)?.subarray(offset, offset + length));
    if (pieces.includes(undefined)) return undefined;
    return Uint8Array.from(pieces.flatMap((piece) => [...(piece ?? [])]));
  }

  fill({segments}: TakenScsiRequest, pattern: number): void {
    for (const {gref, offset, length} of segments) {
      const handle = this.map(gref);
      if (handle < 0) continue;
      const at = this.ops.mappedOffset(handle) + offset;
      this.ops.mappedMemory(handle).u8.fill(pattern, at, at + length);
      this.ops.gnttabUnmap(handle);
    }
  }

  private requestOf(slot: DataView): TakenScsiRequest {
    const half = (at: number): number => slot.getUint16(at, true);
    const nrSegments = slot.getUint8(SCSI_REQUEST.nrSegments);
    const named = segmentsAt(slot, SCSI_REQUEST.seg, Math.min(nrSegments & ~SCSI_INDIRECT, SCSI_DIRECT_SEGMENTS));
    const cmdLen = slot.getUint8(SCSI_REQUEST.cmdLen);
    return {
      rqid: half(SCSI_REQUEST.rqid),
      act: slot.getUint8(SCSI_REQUEST.act),
      cdb: Array.from({length: cmdLen}, (_, i) => slot.getUint8(SCSI_REQUEST.cmnd + i)),
      channel: half(SCSI_REQUEST.channel),
      id: half(SCSI_REQUEST.id),
      lun: half(SCSI_REQUEST.lun),
      refRqid: half(SCSI_REQUEST.refRqid),
      direction: slot.getUint8(SCSI_REQUEST.direction),
      nrSegments,
      segments: (nrSegments & SCSI_INDIRECT) === 0 ? named : named.flatMap((list) => this.segmentsIn(list)),
    };
  }

  private segmentsIn({gref, offset, length}: TakenScsiSegment): TakenScsiSegment[] {
    const bytes = this.bytesOf(gref);
    return bytes === undefined ? [] : segmentsAt(new DataView(bytes.buffer), offset, length / 8);
  }

  private bytesOf(gref: number): Uint8Array | undefined {
    const handle = this.ops.gnttabMap(this.frontend, gref, GNTMAP_host_map | GNTMAP_readonly);
    if (handle < 0) return undefined;
    const at = this.ops.mappedOffset(handle);
    const bytes = this.ops.mappedMemory(handle).u8.slice(at, at + PAGE_SIZE);
    this.ops.gnttabUnmap(handle);
    return bytes;
  }
}

/** @see vscsiif.h, struct scsiif_request_segment */
const segmentsAt = (view: DataView, at: number, count: number): TakenScsiSegment[] =>
  Array.from({length: count}, (_, i) => ({
    gref: view.getUint32(at + 8 * i, true),
    offset: view.getUint16(at + 8 * i + 4, true),
    length: view.getUint16(at + 8 * i + 6, true),
  }));
