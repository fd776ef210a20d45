import type {Gfn} from '../ids.ts';
import {PAGE_SIZE, type DomainMemory} from './domain-memory.ts';

/**
 * Free frames of a kernel written in TypeScript: a bump pointer over its range and a list of frames given back, so that
 * an untouched frame costs the machine nothing.
 */
export class PageAllocator {
  private readonly memory: DomainMemory;
  /** Behind its range. */
  readonly endGfn: number;
  private nextGfn: number;
  private readonly freed: number[] = [];

  constructor(memory: DomainMemory, firstGfn: number, endGfn = memory.pages) {
    this.memory = memory;
    this.nextGfn = firstGfn;
    this.endGfn = endGfn;
  }

  get freePages(): number {
    return this.endGfn - this.nextGfn + this.freed.length;
  }

  /** One zeroed frame, or undefined when memory is used up. */
  alloc(): Gfn | undefined {
    const reused = this.freed.pop();
    if (reused !== undefined) {
      this.memory.u8.fill(0, reused * PAGE_SIZE, (reused + 1) * PAGE_SIZE);
      return reused as Gfn;
    }
    return this.allocContiguous(1);
  }

  /** `count` zeroed frames in a row, or undefined when there is no such run. */
  allocContiguous(count: number): Gfn | undefined {
    if (this.endGfn - this.nextGfn < count) return undefined;
    const gfn = this.nextGfn as Gfn;
    this.nextGfn += count;
    return gfn;
  }

  free(gfn: Gfn, count = 1): void {
    for (let i = 0; i < count; i++) this.freed.push(gfn + i);
  }
}
