const PAGE_BYTES = 4096;
/** Pages of one word of bits, and words of one chunk: a chunk stands for 4 MiB. */
const WORD_PAGES = 32;
const CHUNK_WORDS = 32;
const CHUNK_BYTES = CHUNK_WORDS * WORD_PAGES * PAGE_BYTES;
/** 64 GiB of pages; then all is forgotten, as the kernel will have done with most of it. */
const MAX_CHUNKS = 16384;

/** An operation that the disk had no part in ends within this, thread hand-over included. */
const QUICK_NS = 2e6;
/** So many quick ones in a row, and the image is believed to be served from memory. */
const PROOF = 16;

/**
 * Which pages of a file are believed to be in the page cache: those that went through this process. Node cannot ask
 * (it has neither RWF_NOWAIT nor mincore), so belief has to be earned: it counts only while operations on such pages
 * have been seen to be quick, and one that is slow ends it.
 */
export class Residency {
  private readonly chunks = new Map<number, Uint32Array>();
  private proofs = 0;

  /** Whether an operation on these pages may be done on the host's thread. */
  mayServeNow(known: boolean): boolean {
    return known && this.proofs >= PROOF;
  }

  /** Whether every page of the range was seen before. */
  has(position: number, length: number): boolean {
    const last = Math.floor((position + length - 1) / PAGE_BYTES);
    for (let page = Math.floor(position / PAGE_BYTES); page <= last; page++) {
      const chunk = this.chunks.get(Math.floor(page / (CHUNK_WORDS * WORD_PAGES)));
      if (chunk === undefined) return false;
      const bit = page % (CHUNK_WORDS * WORD_PAGES);
      if ((chunk[bit >>> 5] & (1 << (bit & 31))) === 0) return false;
    }
    return true;
  }

  add(position: number, length: number): void {
    const end = position + length;
    for (let page = Math.floor(position / PAGE_BYTES); page * PAGE_BYTES < end; page++) {
      const bit = page % (CHUNK_WORDS * WORD_PAGES);
      this.chunk(Math.floor(page / (CHUNK_WORDS * WORD_PAGES)))[bit >>> 5] |= 1 << (bit & 31);
    }
  }

  /** How long an operation took that should not have needed the disk. */
  judge(elapsedNs: number): void {
    if (elapsedNs <= QUICK_NS) this.proofs = Math.min(this.proofs + 1, PROOF);
    else this.forget();
  }

  private forget(): void {
    this.proofs = 0;
    this.chunks.clear();
  }

  private chunk(index: number): Uint32Array {
    const known = this.chunks.get(index);
    if (known !== undefined) return known;
    if (this.chunks.size >= MAX_CHUNKS) this.chunks.clear();
    const made = new Uint32Array(CHUNK_WORDS);
    this.chunks.set(index, made);
    return made;
  }

  toString(): string {
    const mib = (this.chunks.size * CHUNK_BYTES) / 2 ** 20;
    return `${this.proofs >= PROOF ? 'served from memory' : 'left to workers'}, ${mib} MiB looked at`;
  }
}
