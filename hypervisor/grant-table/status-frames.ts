import {GTF_reading, GTF_writing} from '../abi/grant-table.ts';
import {PAGE_SIZE, type DomainMemory} from '../memory/index.ts';

/** Bytes of grant_status_t. */
const STATUS_SIZE = 2;
const STATUSES_PER_FRAME = PAGE_SIZE / STATUS_SIZE;

/** Entries of a version 2 table in a frame. */
const ENTRIES_PER_FRAME = PAGE_SIZE / 16;

const IN_USE = GTF_reading | GTF_writing;

/** Status frames of a version 2 table of so many frames. */
export const statusFramesFor = (tableFrames: number): number =>
  Math.ceil((tableFrames * ENTRIES_PER_FRAME) / STATUSES_PER_FRAME);

/**
 * Who uses an entry of a version 2 table: a u16 an entry, in frames of the guest's memory apart from the entries.
 * @see grant_table.h, grant_status_t
 */
export class StatusFrames {
  private readonly memory: DomainMemory;
  /** Byte offset of each frame in the domain's memory. */
  private readonly frameOffsets: number[];

  /** Lies in `count` frames from a byte offset on, all clear. */
  constructor(memory: DomainMemory, byteOffset: number, count: number) {
    this.memory = memory;
    this.frameOffsets = Array.from({length: count}, (_, i) => byteOffset + i * PAGE_SIZE);
    for (const offset of this.frameOffsets) memory.u32.fill(0, offset >>> 2, (offset + PAGE_SIZE) >>> 2);
  }

  /** Byte offsets of the frames. */
  get offsets(): readonly number[] {
    return this.frameOffsets;
  }

  /** Frame `index` lies at a byte offset from now on; what is in it has been moved. */
  placeFrame(index: number, byteOffset: number): void {
    this.frameOffsets[index] = byteOffset;
  }

  /** GTF_reading and GTF_writing of an entry. */
  get(ref: number): number {
    return (this.memory.u32[this.wordOf(ref)] >>> shiftOf(ref)) & IN_USE;
  }

  set(ref: number, flags: number): void {
    this.memory.u32[this.wordOf(ref)] |= flags << shiftOf(ref);
  }

  clear(ref: number, flags: number): void {
    this.memory.u32[this.wordOf(ref)] &= ~(flags << shiftOf(ref));
  }

  private wordOf(ref: number): number {
    return (this.frameOffsets[Math.floor(ref / STATUSES_PER_FRAME)] + (ref % STATUSES_PER_FRAME) * STATUS_SIZE) >>> 2;
  }
}

const shiftOf = (ref: number): number => (ref & 1) * 16;
