import {GTF_reading, GTF_writing} from '../abi/grant-table.ts';
import {PAGE_SIZE, type DomainMemory} from '../memory/index.ts';

/** Bytes of a version 1 entry: flags u16, domid u16, frame u32. @see grant_table.h, struct grant_entry_v1 */
export const GRANT_ENTRY_SIZE = 8;
export const ENTRIES_PER_FRAME = PAGE_SIZE / GRANT_ENTRY_SIZE;

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

  constructor(memory: DomainMemory, maxFrames: number) {
    this.memory = memory;
    this.maxFrames = maxFrames;
  }

  get frames(): number {
    return this.frameOffsets.length;
  }

  get entries(): number {
    return this.frameOffsets.length * ENTRIES_PER_FRAME;
  }

  /** Byte offsets of the frames, ascending by index. */
  get offsets(): readonly number[] {
    return this.frameOffsets;
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

  /** Index into memory.u32 of the entry's first word (flags, domid << 16); the frame is the next word. */
  entryWord(ref: number): number {
    return (this.frameOffsets[ref >>> 9] + (ref & (ENTRIES_PER_FRAME - 1)) * GRANT_ENTRY_SIZE) >>> 2;
  }

  /** Counts a mapping of an entry's frame. */
  pin(ref: number, gfn: number, domid: number, writable: boolean): void {
    const {u32} = this.memory;
    const word = this.entryWord(ref);
    this.pinned++;
    this.pinnedGfns[ref] = gfn;
    this.pinnedDomids[ref] = domid;
    if (writable) {
      this.writers[ref]++;
      u32[word] |= GTF_reading | GTF_writing;
    } else {
      this.readers[ref]++;
      u32[word] |= GTF_reading;
    }
  }

  unpin(ref: number, writable: boolean): void {
    const word = this.entryWord(ref);
    this.pinned--;
    if (writable) this.writers[ref]--;
    else this.readers[ref]--;
    if (this.writers[ref] > 0) return;
    this.memory.u32[word] &= this.readers[ref] > 0 ? ~GTF_writing : ~(GTF_writing | GTF_reading);
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
