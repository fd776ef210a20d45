import type {Abi} from './ctype.ts';
import {SRING_OFFSETS, ringEntries, ringGeometry} from './io/ring.ts';
import type {RingTypes} from './io/ring.ts';

const PAGE_BYTES = 4096;
const PAGE_WORDS = PAGE_BYTES / 4;

/** In place of a slot's word offset: the slot crosses into a page that lies elsewhere. */
const STRADDLES = -1;

const REQ_PROD = SRING_OFFSETS.req_prod / 4;
const REQ_EVENT = SRING_OFFSETS.req_event / 4;
const RSP_PROD = SRING_OFFSETS.rsp_prod / 4;
const RSP_EVENT = SRING_OFFSETS.rsp_event / 4;

/** Memory in one piece, in bytes from the start of `u32`. */
export interface RingArea {
  readonly u32: Uint32Array;
  readonly base: number;
  readonly sizeBytes: number;
}

/** Memory in 4 KiB pages that may lie anywhere: the byte offset of each, in the ring's order. */
export interface RingPages {
  readonly u32: Uint32Array;
  readonly pages: readonly number[];
}

/**
 * The shared half of a ring: its indexes and slots in memory that the peer writes, too. FrontRing and BackRing are the
 * two views of it, and each end has its own, over its own mapping.
 *
 * Indexes are u32 words that run freely and wrap. Slots are reached through copies: a message is taken out of shared
 * memory before anybody looks at it.
 *
 * @see ring.h, DEFINE_RING_TYPES
 */
export class SharedRing {
  readonly tag: string;
  /** RING_SIZE: a power of two. */
  readonly entries: number;
  readonly entryBytes: number;
  /** Words that a copy of a request or a response takes, rounded up. */
  readonly requestWords: number;
  readonly responseWords: number;
  readonly u32: Uint32Array;
  private readonly head: number;
  private readonly mask: number;
  /** Word offset of each slot, or STRADDLES. */
  private readonly slots: Int32Array;
  /** Word offset of each page (of a whole area: of each 4 KiB of it). */
  private readonly pageWords: Int32Array;
  private readonly ringWord: number;

  /** Throws when the area does not hold one entry, or is not aligned to words. */
  constructor(types: RingTypes, abi: Abi, memory: RingArea | RingPages) {
    const {requestBytes, responseBytes, entryBytes, ringOffset} = ringGeometry(types, abi);
    const {pages, sizeBytes} = 'pages' in memory ? pagesOf(memory) : areaOf(memory);
    const entries = ringEntries(sizeBytes, ringOffset, entryBytes);
    if (entries === 0) throw new Error(`ring ${types.tag}: no entry fits in ${sizeBytes} bytes`);
    if (entryBytes % 4 !== 0) throw new Error(`ring ${types.tag}: entries of ${entryBytes} bytes are not whole words`);
    this.tag = types.tag;
    this.entries = entries;
    this.mask = entries - 1;
    this.entryBytes = entryBytes;
    this.requestWords = Math.ceil(requestBytes / 4);
    this.responseWords = Math.ceil(responseBytes / 4);
    this.u32 = memory.u32;
    this.ringWord = ringOffset / 4;
    this.pageWords = Int32Array.from(pages, (byte) => byte / 4);
    this.head = this.pageWords[0];
    this.slots = Int32Array.from({length: entries}, (_, slot) => this.placeSlot(slot));
  }

  get reqProd(): number {
    return this.u32[this.head + REQ_PROD];
  }

  set reqProd(index: number) {
    this.u32[this.head + REQ_PROD] = index;
  }

  get reqEvent(): number {
    return this.u32[this.head + REQ_EVENT];
  }

  set reqEvent(index: number) {
    this.u32[this.head + REQ_EVENT] = index;
  }

  get rspProd(): number {
    return this.u32[this.head + RSP_PROD];
  }

  set rspProd(index: number) {
    this.u32[this.head + RSP_PROD] = index;
  }

  get rspEvent(): number {
    return this.u32[this.head + RSP_EVENT];
  }

  set rspEvent(index: number) {
    this.u32[this.head + RSP_EVENT] = index;
  }

  /** SHARED_RING_INIT: empty indexes, both ends to be notified of the first message. Slots keep their bytes. */
  init(): void {
    const {u32, head} = this;
    u32.fill(0, head, head + this.ringWord);
    this.reqEvent = 1;
    this.rspEvent = 1;
  }

  /**
   * Word offset in `u32` of the slot of an index, for building a message in place. -1 when the slot's pages do not lie
   * together; then only the copies below reach it.
   */
  slotWord(index: number): number {
    return this.slots[index & this.mask];
  }

  /** Copies the first `words` words of a slot into `dst`; those before `from` were copied already and are left out. */
  copyOut(index: number, dst: Uint32Array, words: number, from = 0): void {
    const {u32} = this;
    const at = this.slots[index & this.mask];
    if (at === STRADDLES) this.copyOutPieces(index & this.mask, dst, words, from);
    else for (let i = from; i < words; i++) dst[i] = u32[at + i];
  }

  /** Copies `words` words of `src` into a slot. */
  copyIn(index: number, src: Uint32Array, words: number): void {
    const {u32} = this;
    const at = this.slots[index & this.mask];
    if (at === STRADDLES) this.copyInPieces(index & this.mask, src, words);
    else for (let i = 0; i < words; i++) u32[at + i] = src[i];
  }

  toString(): string {
    const {tag, entries, entryBytes, reqProd, reqEvent, rspProd, rspEvent} = this;
    const shared = {req_prod: reqProd, req_event: reqEvent, rsp_prod: rspProd, rsp_event: rspEvent};
    return `${tag} ${entries}x${entryBytes} ${dumpIndexes(shared)}`;
  }

  private copyOutPieces(slot: number, dst: Uint32Array, words: number, from: number): void {
    for (let i = from; i < words; i++) dst[i] = this.u32[this.wordOf(slot, i)];
  }

  private copyInPieces(slot: number, src: Uint32Array, words: number): void {
    for (let i = 0; i < words; i++) this.u32[this.wordOf(slot, i)] = src[i];
  }

  /** Where word `i` of a slot lies, through the pages. */
  private wordOf(slot: number, i: number): number {
    const word = this.ringWord + (slot * this.entryBytes) / 4 + i;
    return this.pageWords[Math.floor(word / PAGE_WORDS)] + (word % PAGE_WORDS);
  }

  private placeSlot(slot: number): number {
    const words = this.entryBytes / 4;
    const first = this.wordOf(slot, 0);
    return this.wordOf(slot, words - 1) === first + words - 1 ? first : STRADDLES;
  }
}

const requireAligned = (byte: number): number => {
  if (byte < 0 || byte % 4 !== 0) throw new Error(`ring at byte ${byte}: not aligned to words`);
  return byte;
};

const pagesOf = ({pages, u32}: RingPages): {pages: readonly number[]; sizeBytes: number} => {
  if (pages.length === 0) throw new Error('ring without pages');
  if (pages.some((page) => requireAligned(page) + PAGE_BYTES > u32.byteLength)) throw new Error('ring outside memory');
  return {pages, sizeBytes: pages.length * PAGE_BYTES};
};

const areaOf = ({base, sizeBytes, u32}: RingArea): {pages: readonly number[]; sizeBytes: number} => {
  if (requireAligned(base) + sizeBytes > u32.byteLength) throw new Error('ring outside memory');
  return {pages: Array.from({length: Math.ceil(sizeBytes / PAGE_BYTES)}, (_, i) => base + i * PAGE_BYTES), sizeBytes};
};

/** `name=0x..` pairs for dumps. */
export const dumpIndexes = (indexes: Readonly<Record<string, number>>): string =>
  Object.entries(indexes)
    .map(([name, index]) => `${name}=0x${index.toString(16)}`)
    .join(' ');
