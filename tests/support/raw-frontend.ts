import type {RigDomain} from './rig.ts';
import type {BlockRig} from './block.ts';
import {XVDA} from './block.ts';

export type RingAbi = 'x86_64' | 'x86_32';

/** Of the two ABIs, as the headers lay them out: byte offsets in a slot, and the slot's size. */
const layouts = {
  x86_64: {slot: 112, id: 8, sector: 16, seg: 24, handle: 24, grefs: 28, response: 16},
  x86_32: {slot: 108, id: 4, sector: 12, seg: 20, handle: 20, grefs: 24, response: 12},
} as const;

const PAGE_BYTES = 4096;
const RING_OFFSET = 64;
const INDIRECT = 6;

export interface RawSegment {
  gref: number;
  first: number;
  last: number;
}

export interface RawRequest {
  operation: number;
  id?: bigint;
  sector?: bigint;
  handle?: number;
  segments?: readonly RawSegment[];
  /** Instead of the number of segments, or the flag of a discard. */
  nrSegments?: number;
  /** nr_sectors of a discard. */
  discardSectors?: bigint;
  /** Of an indirect request: the operation inside, and the pages of its segments. */
  indirect?: {operation: number; nrSegments: number; grefs: readonly number[]};
}

export interface RawResponse {
  id: bigint;
  operation: number;
  status: number;
}

/** A frontend without a driver: bytes on the ring by hand, so that it can do what no driver would. */
export class RawFrontend {
  readonly guest: RigDomain;
  readonly abi: RingAbi;
  readonly ringRefs: readonly number[];
  readonly port: number;
  /** Slots of the ring. */
  readonly slots: number;
  events = 0;
  private readonly block: BlockRig;
  private readonly frames: readonly number[];
  private readonly layout: (typeof layouts)[RingAbi];
  private reqProd: number;
  private rspCons: number;

  constructor(block: BlockRig, options: {abi?: RingAbi; start?: number; pages?: number} = {}) {
    const {ops} = block.guest;
    this.block = block;
    this.guest = block.guest;
    this.abi = options.abi ?? 'x86_64';
    this.layout = layouts[this.abi];
    const pages = options.pages ?? 1;
    // From the last to the first, so that they do not lie together.
    this.frames = Array.from({length: pages}, () => this.page()).toReversed();
    this.slots = 2 ** Math.floor(Math.log2((pages * PAGE_BYTES - RING_OFFSET) / this.layout.slot));
    this.reqProd = options.start ?? 0;
    this.rspCons = this.reqProd;
    this.setIndexes(this.reqProd, this.reqProd + 1, this.reqProd, this.reqProd + 1);
    this.ringRefs = this.frames.map((gfn) => ops.grantor.grantAccess(0, gfn as never, false));
    this.port = ops.evtchnAllocUnbound(0);
    ops.events(this.port).subscribe(() => this.events++);
  }

  get ringRef(): number {
    return this.ringRefs[0];
  }

  /** req_prod, req_event, rsp_prod, rsp_event as they stand in the page. */
  get indexes(): number[] {
    return Array.from({length: 4}, (_, i) => this.view.getUint32(this.place(4 * i), true));
  }

  setIndexes(reqProd: number, reqEvent: number, rspProd: number, rspEvent: number): void {
    [reqProd, reqEvent, rspProd, rspEvent].forEach((index, i) =>
      this.view.setUint32(this.place(4 * i), index >>> 0, true),
    );
  }

  /** A fresh frame of the guest. */
  page(): number {
    const gfn = this.guest.ops.pages.alloc();
    if (gfn === undefined) throw new Error('no page');
    return gfn;
  }

  /** A frame that dom0 may use. */
  grant(gfn: number, readonly = false): number {
    return this.guest.ops.grantor.grantAccess(0, gfn as never, readonly);
  }

  /** A page of segments, granted. */
  segmentPage(segments: readonly RawSegment[], gfn = this.page()): number {
    const view = new DataView(this.bytes(gfn).buffer, this.bytes(gfn).byteOffset, PAGE_BYTES);
    segments.forEach(({gref, first, last}, i) => {
      view.setUint32(8 * i, gref, true);
      view.setUint8(8 * i + 4, first);
      view.setUint8(8 * i + 5, last);
    });
    return this.grant(gfn, true);
  }

  /** The bytes of a frame. */
  bytes(gfn: number): Uint8Array {
    return this.guest.ops.memory.page(gfn as never);
  }

  /** Attaches a disk and announces this ring instead of a driver's. */
  async connect(setup: Parameters<BlockRig['attach']>[0] = {}): Promise<void> {
    await this.block.attach(setup);
    await this.block.settle();
    await this.announce(setup.vdev);
    await this.block.settle();
  }

  async announce(vdev = XVDA, nodes: Readonly<Record<string, string>> = {}): Promise<void> {
    const path = this.block.frontPath(vdev);
    const all = {
      'ring-ref': String(this.ringRef),
      'event-channel': String(this.port),
      protocol: `${this.abi}-abi`,
      ...nodes,
      state: '3',
    };
    for (const [key, value] of Object.entries(all)) await this.block.write(`${path}/${key}`, value);
  }

  setState(state: number, vdev = XVDA): Promise<void> {
    return this.block.write(`${this.block.frontPath(vdev)}/state`, String(state));
  }

  /** Puts a request into the next slot. */
  put(request: RawRequest): void {
    const slot = new DataView(new ArrayBuffer(this.layout.slot));
    const {operation, id = 0n, sector = 0n} = request;
    slot.setUint8(0, operation);
    slot.setBigUint64(this.layout.id, id, true);
    slot.setBigUint64(this.layout.sector, sector, true);
    if (operation === INDIRECT && request.indirect !== undefined) this.writeIndirect(slot, request.indirect);
    else this.writePlain(slot, request);
    this.writeSlot(this.reqProd, new Uint8Array(slot.buffer));
    this.reqProd = (this.reqProd + 1) >>> 0;
  }

  /** Publishes what was put, and sends an event. */
  push(reqProd = this.reqProd): void {
    this.view.setUint32(this.place(0), reqProd, true);
    this.guest.ops.evtchnSend(this.port);
  }

  /** Takes the responses that are there, and asks for an event at the next. */
  take(): RawResponse[] {
    const responses: RawResponse[] = [];
    for (; this.rspCons !== this.indexes[2]; this.rspCons = (this.rspCons + 1) >>> 0) {
      const slot = this.readSlot(this.rspCons, this.layout.response);
      responses.push({id: slot.getBigUint64(0, true), operation: slot.getUint8(8), status: slot.getInt16(10, true)});
    }
    this.view.setUint32(this.place(12), this.rspCons + 1, true);
    return responses;
  }

  /** One request, and its response once the host has had its time. */
  async request(request: RawRequest): Promise<RawResponse> {
    this.put(request);
    this.push();
    await this.block.settle();
    const responses = this.take();
    if (responses.length !== 1) throw new Error(`${responses.length} responses`);
    return responses[0];
  }

  private writePlain(slot: DataView, request: RawRequest): void {
    const {layout} = this;
    const {handle = 0, segments = [], nrSegments, discardSectors} = request;
    slot.setUint8(1, nrSegments ?? segments.length);
    slot.setUint16(2, handle, true);
    segments.slice(0, 11).forEach(({gref, first, last}, i) => {
      slot.setUint32(layout.seg + 8 * i, gref, true);
      slot.setUint8(layout.seg + 8 * i + 4, first);
      slot.setUint8(layout.seg + 8 * i + 5, last);
    });
    if (discardSectors !== undefined) slot.setBigUint64(layout.seg, discardSectors, true);
  }

  private writeIndirect(slot: DataView, {operation, nrSegments, grefs}: NonNullable<RawRequest['indirect']>): void {
    slot.setUint8(1, operation);
    slot.setUint16(2, nrSegments, true);
    slot.setUint16(this.layout.handle, 0xbeef, true);
    grefs.forEach((gref, i) => slot.setUint32(this.layout.grefs + 4 * i, gref, true));
  }

  private writeSlot(index: number, bytes: Uint8Array): void {
    bytes.forEach((byte, i) => this.view.setUint8(this.place(this.slotOffset(index) + i), byte));
  }

  private readSlot(index: number, length: number): DataView {
    const bytes = Uint8Array.from({length}, (_, i) => this.view.getUint8(this.place(this.slotOffset(index) + i)));
    return new DataView(bytes.buffer);
  }

  private slotOffset(index: number): number {
    return RING_OFFSET + (index & (this.slots - 1)) * this.layout.slot;
  }

  /** Where a byte of the ring lies in memory. */
  private place(offset: number): number {
    return this.frames[Math.floor(offset / PAGE_BYTES)] * PAGE_BYTES + (offset % PAGE_BYTES);
  }

  private get view(): DataView {
    const {buffer, byteOffset, byteLength} = this.guest.ops.memory.u8;
    return new DataView(buffer, byteOffset, byteLength);
  }
}
