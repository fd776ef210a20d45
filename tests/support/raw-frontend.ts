import type {RigDomain} from './rig.ts';
import type {BlockRig} from './block.ts';
import {XVDA} from './block.ts';

export type RingAbi = 'x86_64' | 'x86_32';

/** Of the two ABIs, as the headers lay them out: byte offsets in a slot, and the slot's size. */
const layouts = {
  x86_64: {slot: 112, id: 8, sector: 16, seg: 24, response: 16},
  x86_32: {slot: 108, id: 4, sector: 12, seg: 20, response: 12},
} as const;

const SLOTS = 32;
const RING_OFFSET = 64;

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
  readonly ringRef: number;
  readonly port: number;
  events = 0;
  private readonly block: BlockRig;
  private readonly base: number;
  private readonly layout: (typeof layouts)[RingAbi];
  private reqProd: number;
  private rspCons: number;

  constructor(block: BlockRig, options: {abi?: RingAbi; start?: number} = {}) {
    const {ops} = block.guest;
    this.block = block;
    this.guest = block.guest;
    this.abi = options.abi ?? 'x86_64';
    this.layout = layouts[this.abi];
    const gfn = this.page();
    this.base = gfn * 4096;
    this.reqProd = options.start ?? 0;
    this.rspCons = this.reqProd;
    this.setIndexes(this.reqProd, this.reqProd + 1, this.reqProd, this.reqProd + 1);
    this.ringRef = ops.grantor.grantAccess(0, gfn as never, false);
    this.port = ops.evtchnAllocUnbound(0);
    ops.events(this.port).subscribe(() => this.events++);
  }

  /** req_prod, req_event, rsp_prod, rsp_event as they stand in the page. */
  get indexes(): number[] {
    return Array.from({length: 4}, (_, i) => this.view.getUint32(this.base + 4 * i, true));
  }

  setIndexes(reqProd: number, reqEvent: number, rspProd: number, rspEvent: number): void {
    [reqProd, reqEvent, rspProd, rspEvent].forEach((index, i) =>
      this.view.setUint32(this.base + 4 * i, index >>> 0, true),
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
  put({operation, id = 0n, sector = 0n, handle = 0, segments = [], nrSegments, discardSectors}: RawRequest): void {
    const {view, layout} = this;
    const at = this.slot(this.reqProd);
    new Uint8Array(view.buffer, view.byteOffset + at, layout.slot).fill(0);
    view.setUint8(at, operation);
    view.setUint8(at + 1, nrSegments ?? segments.length);
    view.setUint16(at + 2, handle, true);
    view.setBigUint64(at + layout.id, id, true);
    view.setBigUint64(at + layout.sector, sector, true);
    segments.slice(0, 11).forEach(({gref, first, last}, i) => {
      view.setUint32(at + layout.seg + 8 * i, gref, true);
      view.setUint8(at + layout.seg + 8 * i + 4, first);
      view.setUint8(at + layout.seg + 8 * i + 5, last);
    });
    if (discardSectors !== undefined) view.setBigUint64(at + layout.seg, discardSectors, true);
    this.reqProd = (this.reqProd + 1) >>> 0;
  }

  /** Publishes what was put, and sends an event. */
  push(reqProd = this.reqProd): void {
    this.view.setUint32(this.base, reqProd, true);
    this.guest.ops.evtchnSend(this.port);
  }

  /** Takes the responses that are there, and asks for an event at the next. */
  take(): RawResponse[] {
    const {view, layout} = this;
    const responses: RawResponse[] = [];
    for (; this.rspCons !== view.getUint32(this.base + 8, true); this.rspCons = (this.rspCons + 1) >>> 0) {
      const at = this.slot(this.rspCons);
      responses.push({
        id: view.getBigUint64(at, true),
        operation: view.getUint8(at + 8),
        status: view.getInt16(at + layout.response - (this.abi === 'x86_64' ? 6 : 2), true),
      });
    }
    view.setUint32(this.base + 12, this.rspCons + 1, true);
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

  private slot(index: number): number {
    return this.base + RING_OFFSET + (index & (SLOTS - 1)) * this.layout.slot;
  }

  private get view(): DataView {
    const {buffer, byteOffset, byteLength} = this.guest.ops.memory.u8;
    return new DataView(buffer, byteOffset, byteLength);
  }
}
