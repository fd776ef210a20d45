import {GNTMAP_host_map, GNTMAP_readonly} from '../../../hypervisor/abi/grant-table.ts';
import type {HypervisorOps} from '../../../hypervisor/index.ts';
import {PAGE_SIZE} from '../../../hypervisor/memory/index.ts';
import {Breach} from '../verdict.ts';
import {BLK_OP, type BlockAbi, blockLayouts} from './block-frontend.ts';
import {needsNotify, SharedRingPage} from './shared-ring-page.ts';

const SECTOR_BYTES = 512;
const SEGMENTS_PER_PAGE = 512;

export interface TakenSegment {
  readonly gref: number;
  readonly first: number;
  readonly last: number;
}

/** A request as it stands in its slot. */
export interface TakenRequest {
  readonly index: number;
  readonly operation: number;
  readonly nrSegments: number;
  readonly handle: number;
  readonly id: bigint;
  readonly sector: bigint;
  /** Of an indirect one those of its page. */
  readonly segments: readonly TakenSegment[];
  /** Of an indirect request: what is inside. */
  readonly indirect?: {
    readonly operation: number;
    readonly nrSegments: number;
    readonly handle: number;
    readonly grefs: readonly number[];
  };
  /** nr_sectors, when it is a discard. */
  readonly discardSectors: bigint;
}

/** One ring of a frontend, as it announced it. */
export interface AnnouncedRing {
  readonly frontend: number;
  readonly ringRefs: readonly number[];
  readonly remotePort: number;
  readonly abi?: BlockAbi;
}

/** A block backend without a driver: maps the ring, and puts any bytes on it. */
export class BlockBackendPeer {
  readonly ring: SharedRingPage;
  readonly abi: BlockAbi;
  readonly ringRefs: readonly number[];
  readonly port: number;
  /** Next request to take, next response to fill. */
  reqCons: number;
  rspProd: number;
  events = 0;
  /** It keeps what it has mapped of requests that it serves, as a backend with persistent grants. */
  isPersistent = false;
  private readonly kept = new Map<number, number>();
  private readonly ops: HypervisorOps;
  private readonly note: (what: string) => void;
  private readonly frontend: number;
  private readonly handles: readonly number[];

  constructor(
    ops: HypervisorOps,
    note: (what: string) => void,
    {frontend, ringRefs, remotePort, abi = 'x86_64'}: AnnouncedRing,
  ) {
    this.ops = ops;
    this.note = note;
    this.frontend = frontend;
    this.abi = abi;
    this.ringRefs = ringRefs;
    this.handles = ringRefs.map((ref) => ops.gnttabMap(frontend, ref, GNTMAP_host_map));
    this.port = ops.evtchnBindInterdomain(frontend, remotePort);
    if (this.handles.some((handle) => handle < 0) || this.port < 0) {
      const seen = `ring-ref ${ringRefs.join(' ')} maps to ${this.handles.join(' ')}, event-channel ${remotePort} binds to ${this.port}`;
      throw new Breach(seen, 'a ring that can be mapped and a port that can be bound');
    }
    const bases = this.handles.map((handle) => () => ops.mappedOffset(handle));
    this.ring = new SharedRingPage(ops.mappedMemory(this.handles[0]), bases, blockLayouts[abi].slot);
    this.reqCons = this.ring.rspProd;
    this.rspProd = this.ring.rspProd;
    ops.events(this.port).subscribe(() => {
      this.events++;
      note('gets an event');
    });
  }

  get ringRef(): number {
    return this.ringRefs[0];
  }

  /** The request of an index, consumed or not. */
  request(index: number): TakenRequest {
    const layout = blockLayouts[this.abi];
    const slot = this.ring.readSlot(index);
    const operation = slot.getUint8(0);
    const nrSegments = slot.getUint8(1);
    const indirect = operation === BLK_OP.indirect ? this.indirectOf(slot) : undefined;
    return {
      index,
      operation,
      nrSegments,
      handle: slot.getUint16(2, true),
      id: slot.getBigUint64(layout.id, true),
      sector: slot.getBigUint64(layout.sector, true),
      segments:
        indirect === undefined
          ? segmentsAt(slot, layout.seg, Math.min(nrSegments, 11))
          : indirect.grefs.flatMap((gref, i) =>
              this.segmentsOf(gref, Math.min(indirect.nrSegments - SEGMENTS_PER_PAGE * i, SEGMENTS_PER_PAGE)),
            ),
      indirect,
      discardSectors: slot.getBigUint64(layout.seg, true),
    };
  }

  /** Takes the requests that are there, at most a ring full, and asks for an event at the next. */
  take({rearm = true}: {rearm?: boolean} = {}): TakenRequest[] {
    const requests: TakenRequest[] = [];
    while (this.reqCons !== this.ring.reqProd && requests.length < this.ring.slots) {
      const request = this.request(this.reqCons);
      requests.push(request);
      this.note(`takes request ${this.reqCons}: operation ${request.operation}, id ${request.id}`);
      this.reqCons = (this.reqCons + 1) >>> 0;
    }
    if (rearm) this.ring.reqEvent = this.reqCons + 1;
    return requests;
  }

  /** Fills the next response slot. */
  respond(id: bigint, operation: number, status = 0): void {
    const slot = new DataView(new ArrayBuffer(12));
    slot.setBigUint64(0, id, true);
    slot.setUint8(8, operation);
    slot.setInt16(10, status, true);
    this.ring.writeSlot(this.rspProd, new Uint8Array(slot.buffer));
    this.note(`fills response ${this.rspProd}: id ${id}, operation ${operation}, status ${status}`);
    this.rspProd = (this.rspProd + 1) >>> 0;
  }

  /** Does what a disk of pattern bytes would: fills the pages of a read, answers. */
  serve(request: TakenRequest, pattern: number): void {
    const operation = request.indirect?.operation ?? request.operation;
    if (this.isPersistent) for (const {gref} of request.segments) this.keep(gref);
    if (operation === BLK_OP.read) this.fill(request, pattern);
    this.respond(request.id, operation);
  }

  /** Publishes what was filled, or any index, without an event. Returns the index published before. */
  publish(rspProd = this.rspProd): number {
    const old = this.ring.rspProd;
    this.ring.rspProd = rspProd;
    this.note(`publishes rsp_prod ${rspProd >>> 0}`);
    return old;
  }

  notify(): void {
    this.ops.evtchnSend(this.port);
  }

  /** Publishes, and sends an event if the frontend has asked for one. Returns whether it had. */
  push(): boolean {
    const old = this.publish();
    const wanted = needsNotify(old, this.rspProd, this.ring.rspEvent);
    if (wanted) this.notify();
    return wanted;
  }

  /** Maps a page of the frontend: a handle, or GNTST_* below 0. */
  map(gref: number): number {
    return this.ops.gnttabMap(this.frontend, gref, GNTMAP_host_map);
  }

  unmap(handle: number): void {
    this.ops.gnttabUnmap(handle);
  }

  /** Lets go of ring, port, and what it has kept. */
  disconnect(): void {
    for (const handle of this.kept.values()) if (handle >= 0) this.ops.gnttabUnmap(handle);
    this.kept.clear();
    this.ops.evtchnClose(this.port);
    for (const handle of this.handles) this.ops.gnttabUnmap(handle);
  }

  /** The bytes of a granted page, a copy; undefined when it cannot be mapped. */
  bytesOf(gref: number): Uint8Array | undefined {
    const handle = this.ops.gnttabMap(this.frontend, gref, GNTMAP_host_map | GNTMAP_readonly);
    if (handle < 0) return undefined;
    const at = this.ops.mappedOffset(handle);
    const bytes = this.ops.mappedMemory(handle).u8.slice(at, at + PAGE_SIZE);
    this.unmap(handle);
    return bytes;
  }

  private keep(gref: number): void {
    if (!this.kept.has(gref)) this.kept.set(gref, this.map(gref));
  }

  private indirectOf(slot: DataView): NonNullable<TakenRequest['indirect']> {
    const layout = blockLayouts[this.abi];
    const nrSegments = slot.getUint16(2, true);
    const pages = Math.min(Math.ceil(nrSegments / SEGMENTS_PER_PAGE), 8);
    return {
      operation: slot.getUint8(1),
      nrSegments,
      handle: slot.getUint16(layout.handle, true),
      grefs: Array.from({length: pages}, (_, i) => slot.getUint32(layout.grefs + 4 * i, true)),
    };
  }

  private segmentsOf(gref: number, count: number): TakenSegment[] {
    const bytes = this.bytesOf(gref);
    return bytes === undefined ? [] : segmentsAt(new DataView(bytes.buffer), 0, count);
  }

  private fill({segments}: TakenRequest, pattern: number): void {
    for (const {gref, first, last} of segments) {
      const handle = this.map(gref);
      if (handle < 0) continue;
      const at = this.ops.mappedOffset(handle);
      this.ops.mappedMemory(handle).u8.fill(pattern, at + first * SECTOR_BYTES, at + (last + 1) * SECTOR_BYTES);
      this.unmap(handle);
    }
  }
}

/** @see blkif.h, struct blkif_request_segment */
const segmentsAt = (view: DataView, at: number, count: number): TakenSegment[] =>
  Array.from({length: count}, (_, i) => ({
    gref: view.getUint32(at + 8 * i, true),
    first: view.getUint8(at + 8 * i + 4),
    last: view.getUint8(at + 8 * i + 5),
  }));
