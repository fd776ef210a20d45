import type {Gfn} from '../../hypervisor/ids.ts';
import {PAGE_SIZE, type DomainMemory} from '../../hypervisor/memory/index.ts';
import type {PagePool} from './page-pool.ts';

/** Pages that one queue's backlog may hold. */
const MAX_PAGES = 256;

/** Frames that wait for room in a guest, oldest first, in pages: a frame begins with a page and has its pages alone. */
export class Backlog {
  private readonly memory: DomainMemory;
  private readonly pool: PagePool;
  /** A circle of pages, made when the first frame has to wait. */
  private pages: (Gfn | undefined)[] = [];
  private lengths = new Uint32Array(0);
  private offloads = new Uint32Array(0);
  private expiries = new Float64Array(0);
  private head = 0;
  private used = 0;

  constructor(memory: DomainMemory, pool: PagePool) {
    this.memory = memory;
    this.pool = pool;
  }

  get isEmpty(): boolean {
    return this.used === 0;
  }

  /** Bytes of the oldest frame. */
  get headLength(): number {
    return this.lengths[this.head];
  }

  /** What is left to do at the oldest frame. */
  get headOffload(): number {
    return this.offloads[this.head];
  }

  /** Until when the oldest frame may wait, host time. */
  get headExpiryNs(): number {
    return this.expiries[this.head];
  }

  /** Where byte number `at` of the oldest frame lies, a byte offset: it and those after it up to the end of a page. */
  headByte(at: number): number {
    return this.pageAt(this.head + Math.floor(at / PAGE_SIZE)) * PAGE_SIZE + (at % PAGE_SIZE);
  }

  /** Copies a frame in; false when there is no room for it. */
  push(offset: number, length: number, offload: number, expiryNs: number): boolean {
    const count = Math.ceil(length / PAGE_SIZE);
    if (this.used + count > MAX_PAGES) return false;
    if (this.pages.length === 0) this.build();
    for (let i = 0; i < count; i++) {
      const page = this.pool.take();
      if (page === undefined) {
        this.release(this.used - i, i);
        return false;
      }
      const at = (this.head + this.used) % MAX_PAGES;
      const from = offset + i * PAGE_SIZE;
      this.memory.u8.copyWithin(page * PAGE_SIZE, from, Math.min(from + PAGE_SIZE, offset + length));
      this.pages[at] = page;
      this.lengths[at] = length;
      this.offloads[at] = offload;
      this.expiries[at] = expiryNs;
      this.used++;
    }
    return true;
  }

  /** Drops the oldest frame. */
  shift(): void {
    const count = Math.ceil(this.headLength / PAGE_SIZE);
    this.release(0, count);
    this.head = (this.head + count) % MAX_PAGES;
  }

  clear(): void {
    while (!this.isEmpty) this.shift();
  }

  private build(): void {
    this.pages = new Array<Gfn | undefined>(MAX_PAGES).fill(undefined);
    this.lengths = new Uint32Array(MAX_PAGES);
    this.offloads = new Uint32Array(MAX_PAGES);
    this.expiries = new Float64Array(MAX_PAGES);
  }

  /** Gives back `count` pages, of which the first is `from` after the head. */
  private release(from: number, count: number): void {
    for (let i = 0; i < count; i++) this.pool.give(this.pageAt(this.head + from + i));
    this.used -= count;
  }

  private pageAt(index: number): Gfn {
    const page = this.pages[index % MAX_PAGES];
    if (page === undefined) throw new Error(`backlog: no page at ${index}`);
    return page;
  }
}
