import type {DomainMemory} from '../../../hypervisor/memory/index.ts';

const PAGE_BYTES = 4096;
const HEADER_BYTES = 64;

/** @see ring.h, DEFINE_RING_TYPES: bytes from the start of the page. */
const REQ_PROD = 0;
const REQ_EVENT = 4;
const RSP_PROD = 8;
const RSP_EVENT = 12;

/**
 * A ring as bytes, of one page or several that lie anywhere. Scripted peers sit on this and not on the driver's ring code:
 * what a check knows of the layout it knows by itself.
 */
export class SharedRingPage {
  readonly slots: number;
  readonly slotBytes: number;
  private readonly memory: DomainMemory;
  private readonly bases: readonly (() => number)[];

  /** `bases`: where each page begins in `memory` now, in bytes. */
  constructor(memory: DomainMemory, bases: (() => number) | readonly (() => number)[], slotBytes: number) {
    this.memory = memory;
    this.bases = typeof bases === 'function' ? [bases] : bases;
    this.slotBytes = slotBytes;
    this.slots = 2 ** Math.floor(Math.log2((this.bases.length * PAGE_BYTES - HEADER_BYTES) / slotBytes));
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

  /** The slot of an index, of a ring of one page. */
  slot(index: number): DataView {
    const {buffer, byteOffset} = this.view;
    return new DataView(buffer, byteOffset + this.slotOffset(index), this.slotBytes);
  }

  /** A copy of a slot. */
  readSlot(index: number): DataView {
    const offset = this.slotOffset(index);
    const bytes = Uint8Array.from({length: this.slotBytes}, (_, i) => this.memory.u8[this.place(offset + i)]);
    return new DataView(bytes.buffer);
  }

  /** Fills a slot, or its first bytes. */
  writeSlot(index: number, bytes: Uint8Array): void {
    const offset = this.slotOffset(index);
    const {u8} = this.memory;
    for (let i = 0; i < bytes.length; i++) u8[this.place(offset + i)] = bytes[i];
  }

  /** The first page's own bytes. */
  get bytes(): Uint8Array {
    const base = this.bases[0]();
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
      const bytes = new Uint8Array(this.readSlot(index).buffer);
      if (bytes.some((byte) => byte !== 0)) lines.push(`slot ${index}: ${Buffer.from(bytes).toString('hex')}`);
    }
    return lines;
  }

  private slotOffset(index: number): number {
    return HEADER_BYTES + (index & (this.slots - 1)) * this.slotBytes;
  }

  private place(offset: number): number {
    return this.bases[Math.floor(offset / PAGE_BYTES)]() + (offset % PAGE_BYTES);
  }
}

/** RING_PUSH_..._AND_CHECK_NOTIFY: did the move from `old` to `now` pass `event`? */
export const needsNotify = (old: number, now: number, event: number): boolean =>
  (now - event) >>> 0 < (now - old) >>> 0;
