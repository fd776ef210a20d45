import {GNTST_no_space} from '../abi/grant-table.ts';
import type {Domain} from '../domain.ts';
import {PAGE_SIZE, type DomainMemory} from '../memory/index.ts';

/** Most mappings one domain may hold. Xen's default is 1024 frames of 512 handles. */
const MAX_HANDLES = 1024 * 512;
const FIRST_SIZE = 256;
const FREE = 0;

/** The mapper's side: what each grant handle stands for. Handles are reused last in, first out. */
export class Maptrack {
  private granters: (Domain | undefined)[] = [];
  private refs = new Uint32Array(FIRST_SIZE);
  private gfns = new Uint32Array(FIRST_SIZE);
  /** GNTMAP_* of a live handle (never 0), FREE otherwise. */
  private flags = new Uint8Array(FIRST_SIZE);
  private freeList = new Int32Array(FIRST_SIZE);
  private freeCount = 0;
  private used = 0;

  /** Live mappings. */
  get count(): number {
    return this.used - this.freeCount;
  }

  /** A new handle, or GNTST_no_space when the limit is reached. */
  add(granter: Domain, ref: number, gfn: number, flags: number): number {
    let handle: number;
    if (this.freeCount > 0) {
      handle = this.freeList[--this.freeCount];
    } else {
      if (this.used === MAX_HANDLES) return GNTST_no_space;
      handle = this.used++;
      if (handle === this.flags.length) this.grow();
    }
    this.granters[handle] = granter;
    this.refs[handle] = ref;
    this.gfns[handle] = gfn;
    this.flags[handle] = flags;
    return handle;
  }

  remove(handle: number): void {
    this.granters[handle] = undefined;
    this.flags[handle] = FREE;
    this.freeList[this.freeCount++] = handle;
  }

  isLive(handle: number): boolean {
    return handle >= 0 && handle < this.used && this.flags[handle] !== FREE;
  }

  granter(handle: number): Domain {
    const granter = this.granters[handle];
    if (granter === undefined) throw new Error(`grant handle ${handle} is not mapped`);
    return granter;
  }

  ref(handle: number): number {
    return this.refs[handle];
  }

  flagsOf(handle: number): number {
    return this.flags[handle];
  }

  memory(handle: number): DomainMemory {
    return this.granter(handle).memory;
  }

  /** Byte offset of the mapped page in memory(handle). */
  offset(handle: number): number {
    return this.gfns[handle] * PAGE_SIZE;
  }

  *live(): IterableIterator<number> {
    for (let handle = 0; handle < this.used; handle++) if (this.flags[handle] !== FREE) yield handle;
  }

  private grow(): void {
    const size = this.flags.length * 2;
    this.refs = enlarge(this.refs, new Uint32Array(size));
    this.gfns = enlarge(this.gfns, new Uint32Array(size));
    this.flags = enlarge(this.flags, new Uint8Array(size));
    this.freeList = enlarge(this.freeList, new Int32Array(size));
  }
}

const enlarge = <T extends Uint8Array | Uint32Array | Int32Array>(from: T, to: T): T => {
  to.set(from);
  return to;
};
