const PAGE_BYTES = 4096;
/** Pages of one word of bits, and words of one chunk: a chunk stands for 64 MiB. */
const WORD_PAGES = 32;
const CHUNK_WORDS = 512;
const CHUNK_PAGES = CHUNK_WORDS * WORD_PAGES;
const CHUNK_BYTES = CHUNK_PAGES * PAGE_BYTES;
/** 64 GiB of pages; then all is forgotten, as the kernel will have done with most of it. */
const MAX_CHUNKS = 1024;

/** What takes no longer was served from memory; nobody minds that long. */
const QUICK_NS = 5e6;
/** So many quick ones, and the image is believed to be served from memory; one that is not quick takes some away. */
const PROOF = 16;
const DOUBT = 2;
/** What is left of the proofs after one that was slow on the host's thread, which may only have waited for a processor. */
const SUSPECT = PROOF / 2;

/**
 * Which pages of a file are believed to be in the page cache: those that went through this process. Node cannot ask
 * (it has neither RWF_NOWAIT nor mincore), so belief has to be earned: it counts only while operations on such pages
 * have been seen to be quick, and one that is slow on the host's thread ends it.
 */
export class Residency {
  private readonly chunks = new Map<number, Uint32Array>();
  private proofs = 0;

  /** Whether operations on pages that are known may be done on the host's thread. */
  get trusted(): boolean {
    return this.proofs >= PROOF;
  }

  /** Whether every page of the range was seen before. */
  has(position: number, length: number): boolean {
    const first = Math.floor(position / PAGE_BYTES);
    const end = Math.ceil((position + length) / PAGE_BYTES);
    let chunk = this.chunks.get(Math.floor(first / CHUNK_PAGES));
    for (let page = first; page < end; page++) {
      const bit = page % CHUNK_PAGES;
      if (bit === 0) chunk = this.chunks.get(page / CHUNK_PAGES);
      if (chunk === undefined || (chunk[bit >>> 5] & (1 << (bit & 31))) === 0) return false;
    }
    return true;
  }

  add(position: number, length: number): void {
    const first = Math.floor(position / PAGE_BYTES);
    const end = Math.ceil((position + length) / PAGE_BYTES);
    for (let page = first; page < end; page++) {
      const bit = page % CHUNK_PAGES;
      this.chunk(Math.floor(page / CHUNK_PAGES))[bit >>> 5] |= 1 << (bit & 31);
    }
  }

  /** How long a few operations, or one, took on the host's thread. */
  judge(elapsedNs: number): void {
    if (elapsedNs > QUICK_NS) this.proofs = Math.min(this.proofs, SUSPECT);
  }

  /** How much longer an operation on known pages took in a worker thread than one that needs no disk. */
  judgeWorker(excessNs: number): void {
    this.proofs = excessNs <= QUICK_NS ? Math.min(this.proofs + 1, PROOF) : Math.max(this.proofs - DOUBT, 0);
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
    return `${this.trusted ? 'served from memory' : 'left to workers'}, ${mib} MiB looked at`;
  }
}
