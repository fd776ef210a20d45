import {GTF_reading, GTF_writing} from '../abi/grant-table.ts';
import {PAGE_SHIFT, type DomainMemory} from '../memory/index.ts';
import type {StatusFrames} from './status-frames.ts';

/**
 * Version 1: flags u16, domid u16, frame u32. Version 2: flags, domid, what depends on them, and at byte 8 a frame u64;
 * who uses it stands elsewhere.
 * @see grant_table.h, struct grant_entry_v1, union grant_entry_v2
 */
const ENTRY_SHIFTS = {1: 3, 2: 4} as const;
const FRAME_WORDS = {1: 1, 2: 2} as const;

/** No domain has a frame of this number. */
export const NO_FRAME = 0xffff_ffff;

export type GrantVersion = keyof typeof ENTRY_SHIFTS;

/**
 * The granter's side: which of its frames hold the table, and how often each entry is mapped. The entries themselves
 * lie in guest memory and are read from there at every use.
 */
export class GrantTable {
  readonly memory: DomainMemory;
  readonly maxFrames: number;
  /** Byte offset in the domain's memory of each table frame. */
  private readonly frameOffsets: number[] = [];
  /** Mappings that may write and that may only read, by reference. */
  private writers = new Uint32Array(0);
  private readers = new Uint32Array(0);
  /** Of an entry that is mapped: frame and mapper as they were at the first mapping, whatever the owner writes later. */
  private pinnedGfns = new Uint32Array(0);
  private pinnedDomids = new Uint16Array(0);
  /** Mappings of all entries: a dying domain waits for 0. */
  pinned = 0;
  /** Of a version 2 table. */
  private statusFrames: StatusFrames | undefined;
  private entryShift: number = ENTRY_SHIFTS[1];
  /** Words from the first of an entry to its frame, of which the owner sets the low half. */
  frameWord: number = FRAME_WORDS[1];
  /** Of a reference: which frame, and which entry of it. */
  private refShift = PAGE_SHIFT - ENTRY_SHIFTS[1];
  private refMask = (1 << (PAGE_SHIFT - ENTRY_SHIFTS[1])) - 1;

  constructor(memory: DomainMemory, maxFrames: number) {
    this.memory = memory;
    this.maxFrames = maxFrames;
  }

  get frames(): number {
    return this.frameOffsets.length;
  }

  get entries(): number {
    return this.frameOffsets.length << this.refShift;
  }

  /** Byte offsets of the frames, ascending by index. */
  get offsets(): readonly number[] {
    return this.frameOffsets;
  }

  get version(): GrantVersion {
    return this.statusFrames === undefined ? 1 : 2;
  }

  /** Undefined: it is of version 1. */
  get status(): StatusFrames | undefined {
    return this.statusFrames;
  }

  /** Version 2 with status frames, version 1 without. What the entries hold is the caller's to rewrite. */
  setLayout(status: StatusFrames | undefined): void {
    this.statusFrames = status;
    this.entryShift = ENTRY_SHIFTS[this.version];
    this.refShift = PAGE_SHIFT - this.entryShift;
    this.refMask = (1 << this.refShift) - 1;
    this.frameWord = FRAME_WORDS[this.version];
  }

  /** Puts table frame `index` at a byte offset of the domain's memory; the next index grows the table. */
  placeFrame(index: number, byteOffset: number): void {
    this.frameOffsets[index] = byteOffset;
    if (this.writers.length >= this.entries) return;
    this.writers = enlarge(this.writers, new Uint32Array(this.entries));
    this.readers = enlarge(this.readers, new Uint32Array(this.entries));
    this.pinnedGfns = enlarge(this.pinnedGfns, new Uint32Array(this.entries));
    this.pinnedDomids = enlarge(this.pinnedDomids, new Uint16Array(this.entries));
  }

  /** Index into memory.u32 of the entry's first word: flags, domid << 16. */
  entryWord(ref: number): number {
    return (this.frameOffsets[ref >>> this.refShift] + ((ref & this.refMask) << this.entryShift)) >>> 2;
  }

  /** The frame that an entry names, by its first word; one that nobody has when it is past 2^32. */
  frameAt(word: number): number {
    const {u32} = this.memory;
    const {frameWord} = this;
    return frameWord === FRAME_WORDS[1] || u32[word + frameWord + 1] === 0 ? u32[word + frameWord] : NO_FRAME;
  }

  /** GTF_reading and GTF_writing of an entry. */
  useOf(ref: number): number {
    if (this.statusFrames !== undefined) return this.statusFrames.get(ref);
    return this.memory.u32[this.entryWord(ref)] & (GTF_reading | GTF_writing);
  }

  /** Counts a mapping of an entry's frame. */
  pin(ref: number, gfn: number, domid: number, writable: boolean): void {
    this.pinned++;
    this.pinnedGfns[ref] = gfn;
    this.pinnedDomids[ref] = domid;
    if (writable) this.writers[ref]++;
    else this.readers[ref]++;
    const use = writable ? GTF_reading | GTF_writing : GTF_reading;
    if (this.statusFrames === undefined) this.memory.u32[this.entryWord(ref)] |= use;
    else this.statusFrames.set(ref, use);
  }

  unpin(ref: number, writable: boolean): void {
    this.pinned--;
    if (writable) this.writers[ref]--;
    else this.readers[ref]--;
    if (this.writers[ref] > 0) return;
    const over = this.readers[ref] > 0 ? GTF_writing : GTF_writing | GTF_reading;
    if (this.statusFrames === undefined) this.memory.u32[this.entryWord(ref)] &= ~over;
    else this.statusFrames.clear(ref, over);
  }

  /** Exchanges two entries. */
  swap(refA: number, refB: number): void {
    const {u32} = this.memory;
    const [a, b] = [this.entryWord(refA), this.entryWord(refB)];
    const words = 1 << (this.entryShift - 2);
    const kept = u32.slice(a, a + words);
    u32.copyWithin(a, b, b + words);
    u32.set(kept, b);
  }

  isPinned(ref: number): boolean {
    return this.writers[ref] + this.readers[ref] > 0;
  }

  /** Of an entry that is mapped: how often it is for writing, the frame, and who has mapped it. */
  pinnedWriters(ref: number): number {
    return this.writers[ref];
  }

  pinnedGfn(ref: number): number {
    return this.pinnedGfns[ref];
  }

  pinnedDomid(ref: number): number {
    return this.pinnedDomids[ref];
  }

  /** Grant references that others have mapped, for the debug dump and the leak ledger. */
  *pinnedRefs(): IterableIterator<{ref: number; gfn: number; writers: number; readers: number}> {
    for (let ref = 0; ref < this.writers.length; ref++) {
      if (this.isPinned(ref))
        yield {ref, gfn: this.pinnedGfns[ref], writers: this.writers[ref], readers: this.readers[ref]};
    }
  }
}

const enlarge = <T extends Uint16Array | Uint32Array>(from: T, to: T): T => {
  to.set(from);
  return to;
};
