import type {Gfn} from '../ids.ts';

export const PAGE_SHIFT = 12;
export const PAGE_SIZE = 1 << PAGE_SHIFT;
export const PAGE_WORDS = PAGE_SIZE / 4;

/**
 * A domain's frames: a window over a buffer that something else may own (our heap, an emulator's memory). The views are
 * replaced when the owner moves its buffer, so use them through this object each time and never keep one.
 */
export class DomainMemory {
  /** Pages in the window; gfn 0..pages-1 have room, not all need be populated. */
  readonly pages: number;
  u8!: Uint8Array;
  u16!: Uint16Array;
  u32!: Uint32Array;
  /** Told of bytes that others have written, where a CPU keeps compiled code of what was there. */
  onForeignWrite: ((address: number, bytes: number) => void) | undefined;
  /** One bit a frame that was given away (transfer, balloon). Mostly none: allocated on the first hole. */
  private holes: Uint32Array | undefined;
  private holeCount = 0;

  /**
   * By default over a new buffer, of which only touched pages cost memory. Shared, because V8 counts plain ArrayBuffers
   * as garbage to come and collects its whole heap every few guests.
   */
  constructor(pages: number, buffer: ArrayBufferLike = new SharedArrayBuffer(pages * PAGE_SIZE), byteOffset = 0) {
    this.pages = pages;
    this.rebind(buffer, byteOffset);
  }

  /** Points the window at a buffer that moved. `byteOffset` is page aligned. */
  rebind(buffer: ArrayBufferLike, byteOffset = 0): void {
    const bytes = this.pages * PAGE_SIZE;
    this.u8 = new Uint8Array(buffer, byteOffset, bytes);
    this.u16 = new Uint16Array(buffer, byteOffset, bytes / 2);
    this.u32 = new Uint32Array(buffer, byteOffset, bytes / 4);
  }

  /** Frames that exist now, the number that is accounted to the domain. */
  get populatedPages(): number {
    return this.pages - this.holeCount;
  }

  isPopulated(gfn: number): boolean {
    if (gfn >= this.pages) return false;
    return this.holes === undefined || (this.holes[gfn >>> 5] & (1 << (gfn & 31))) === 0;
  }

  /** Takes the frame away; its bytes are cleared so that they cannot come back to another owner. */
  punchHole(gfn: Gfn): void {
    if (!this.isPopulated(gfn)) return;
    this.holes ??= new Uint32Array((this.pages + 31) >>> 5);
    this.holes[gfn >>> 5] |= 1 << (gfn & 31);
    this.holeCount++;
    this.u8.fill(0, gfn * PAGE_SIZE, (gfn + 1) * PAGE_SIZE);
  }

  /** Makes holes of frames that nobody has used yet. */
  reserve(firstGfn: number, endGfn: number): void {
    if (firstGfn >= endGfn) return;
    this.holes ??= new Uint32Array((this.pages + 31) >>> 5);
    for (let gfn = firstGfn; gfn < endGfn; gfn++) this.holes[gfn >>> 5] |= 1 << (gfn & 31);
    this.holeCount += endGfn - firstGfn;
  }

  /** Puts a zeroed frame into a hole. */
  fillHole(gfn: Gfn): void {
    if (this.holes === undefined || gfn >= this.pages || this.isPopulated(gfn)) return;
    this.holes[gfn >>> 5] &= ~(1 << (gfn & 31));
    this.holeCount--;
  }

  /** The page's bytes as a fresh view, for slow paths. */
  page(gfn: Gfn): Uint8Array {
    return this.u8.subarray(gfn * PAGE_SIZE, (gfn + 1) * PAGE_SIZE);
  }

  toString(): string {
    return `memory ${this.populatedPages}/${this.pages} pages`;
  }
}
