import type {DomainMemory} from '../../../hypervisor/memory/index.ts';

const PAGE_BYTES = 4096;
const HEADER_BYTES = 64;

/** @see ring.h, DEFINE_RING_TYPES: bytes from the start of the page. */
const REQ_PROD = 0;
const REQ_EVENT = 4;
const RSP_PROD = 8;
const RSP_EVENT = 12;

/**
 * A one-page ring as bytes. Scripted peers sit on this and not on the driver's ring code: what a check knows of the layout
 * it knows by itself.
 */
export class SharedRingPage {
  readonly slots: number;
  readonly slotBytes: number;
  private readonly memory: DomainMemory;
  private readonly base: () => number;

  /** `base`: where the page begins in `memory` now, in bytes. */
  constructor(memory: DomainMemory, base: () => number, slotBytes: number) {
    this.memory = memory;
    this.base = base;
    this.slotBytes = slotBytes;
    this.slots = 2 ** Math.floor(Math.log2((PAGE_BYTES - HEADER_BYTES) / slotBytes));
  }

  get reqProd(): number {
    return this.view.getUint32(REQ_PROD, true);
  }

  set reqProd(index: number) {
    this.view.setUint32(REQ_PROD, index >>> 0, true);
  }

  get reqEvent(): number {
    return this.view.getUint32(REQ_EVENT, true);
  }

  set reqEvent(index: number) {
    this.view.setUint32(REQ_EVENT, index >>> 0, true);
  }

  get rspProd(): number {
    return this.view.getUint32(RSP_PROD, true);
  }

  set rspProd(index: number) {
    this.view.setUint32(RSP_PROD, index >>> 0, true);
  }

  get rspEvent(): number {
    return this.view.getUint32(RSP_EVENT, true);
  }

  set rspEvent(index: number) {
    this.view.setUint32(RSP_EVENT, index >>> 0, true);
  }

  /** SHARED_RING_INIT, with indexes that start at `start`. */
  init(start = 0): void {
    this.bytes.fill(0);
    this.reqProd = start;
    this.rspProd = start;
    this.reqEvent = start + 1;
    this.rspEvent = start + 1;
  }

  /** The slot of an index. */
  slot(index: number): DataView {
    const offset = HEADER_BYTES + (index & (this.slots - 1)) * this.slotBytes;
    const {buffer, byteOffset} = this.view;
    return new DataView(buffer, byteOffset + offset, this.slotBytes);
  }

  /** The page's own bytes. */
  get bytes(): Uint8Array {
    const base = this.base();
    return this.memory.u8.subarray(base, base + PAGE_BYTES);
  }

  get view(): DataView {
    const {buffer, byteOffset} = this.bytes;
    return new DataView(buffer, byteOffset, PAGE_BYTES);
  }

  toString(): string {
    const hex = (index: number): string => `0x${index.toString(16)}`;
    return `req_prod=${hex(this.reqProd)} req_event=${hex(this.reqEvent)} rsp_prod=${hex(this.rspProd)} rsp_event=${hex(this.rspEvent)}`;
  }

  /** Indexes, then the slots that are not empty, as hex. */
  dump(): string[] {
    const lines = [String(this)];
    for (let index = 0; index < this.slots; index++) {
      const {buffer, byteOffset, byteLength} = this.slot(index);
      const bytes = new Uint8Array(buffer, byteOffset, byteLength);
      if (bytes.some((byte) => byte !== 0)) lines.push(`slot ${index}: ${Buffer.from(bytes).toString('hex')}`);
    }
    return lines;
  }
}

/** RING_PUSH_..._AND_CHECK_NOTIFY: did the move from `old` to `now` pass `event`? */
export const needsNotify = (old: number, now: number, event: number): boolean =>
  (now - event) >>> 0 < (now - old) >>> 0;
