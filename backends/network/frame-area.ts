import type {Gfn} from '../../hypervisor/ids.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import {FrameBatch} from './frame-batch.ts';

/** Frames start on cache lines, so that copies of short ones touch one. */
const ALIGN = 64;

/**
 * Pages of the own domain in a row where frames are put together before they go into the network, reused for each
 * batch.
 */
export class FrameArea {
  /** What was put in since the last reset. */
  readonly batch: FrameBatch;
  private readonly ops: HypervisorOps;
  private readonly start: number;
  private readonly end: number;
  private next: number;

  /** Throws when dom0 has not `pages` pages in a row. */
  constructor(ops: HypervisorOps, pages: number) {
    const gfn = ops.pages.allocContiguous(pages);
    if (gfn === undefined) throw new Error(`no ${pages} pages for frames`);
    this.ops = ops;
    this.batch = new FrameBatch(ops.memory);
    this.start = gfn * PAGE_SIZE;
    this.end = this.start + pages * PAGE_SIZE;
    this.next = this.start;
  }

  /**
   * Room for a frame of `length` bytes, 1..65535: its byte offset, or -1 when the area is full. A frame of up to a page
   * lies within one page, a longer one starts with a page. The caller adds it to the batch once it is filled.
   */
  reserve(length: number): number {
    let at = this.next;
    const left = PAGE_SIZE - (at & (PAGE_SIZE - 1));
    if (length > left) at += left & (PAGE_SIZE - 1);
    if (at + length > this.end) return -1;
    const after = at + length;
    this.next = after + (-after & (ALIGN - 1));
    return at;
  }

  /** Copies a frame in; false when the area is full. */
  put(frame: Uint8Array): boolean {
    const at = this.reserve(frame.length);
    if (at < 0) return false;
    this.batch.memory.u8.set(frame, at);
    this.batch.add(at, frame.length);
    return true;
  }

  reset(): void {
    this.batch.clear();
    this.next = this.start;
  }

  /** Gives the pages back; the area is of no use after that. */
  free(): void {
    this.ops.pages.free((this.start / PAGE_SIZE) as Gfn, (this.end - this.start) / PAGE_SIZE);
  }
}
