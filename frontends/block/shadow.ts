import {BLKIF_MAX_SEGMENTS_PER_REQUEST as MAX_SEGMENTS} from '../../hypervisor/abi/io/blkif.ts';
import type {Gfn} from '../../hypervisor/ids.ts';

const NOT_IN_USE = 0xff;

/**
 * The frontend's own record of what is on the ring, by request id. Whatever a response brings about comes from here:
 * the backend can rewrite the ring's slots as it likes.
 */
export class Shadow {
  private readonly operations: Uint8Array;
  private readonly tags: Float64Array;
  private readonly refs: Uint32Array;
  private readonly frames: Uint32Array;
  private readonly refCounts: Uint8Array;
  private readonly freeIds: Uint16Array;
  private freeCount: number;

  constructor(size: number) {
    this.operations = new Uint8Array(size).fill(NOT_IN_USE);
    this.tags = new Float64Array(size);
    this.refs = new Uint32Array(size * MAX_SEGMENTS);
    this.frames = new Uint32Array(size * MAX_SEGMENTS);
    this.refCounts = new Uint8Array(size);
    this.freeIds = Uint16Array.from({length: size}, (_, i) => size - 1 - i);
    this.freeCount = size;
  }

  get count(): number {
    return this.operations.length - this.freeCount;
  }

  /** The id that the next request will have; one has to be free. */
  get nextId(): number {
    return this.freeIds[this.freeCount - 1];
  }

  /** Notes the request of id `nextId`, of which the grants have been set. */
  take(operation: number, tag: number, refCount: number): void {
    const id = this.freeIds[--this.freeCount];
    this.operations[id] = operation;
    this.tags[id] = tag;
    this.refCounts[id] = refCount;
  }

  /** The grant of a segment and the frame behind it. */
  setGrant(id: number, segment: number, ref: number, gfn: number): void {
    this.refs[id * MAX_SEGMENTS + segment] = ref;
    this.frames[id * MAX_SEGMENTS + segment] = gfn;
  }

  ref(id: number, segment: number): number {
    return this.refs[id * MAX_SEGMENTS + segment];
  }

  gfn(id: number, segment: number): Gfn {
    return this.frames[id * MAX_SEGMENTS + segment] as Gfn;
  }

  refCount(id: number): number {
    return this.refCounts[id];
  }

  /** Forgets the grants from `count` on. */
  keepRefs(id: number, count: number): void {
    this.refCounts[id] = count;
  }

  tag(id: number): number {
    return this.tags[id];
  }

  /** Whether a response with this id and operation answers a request that is out. */
  matches(id: number, operation: number): boolean {
    return id < this.operations.length && this.operations[id] === operation;
  }

  isTaken(id: number): boolean {
    return this.operations[id] !== NOT_IN_USE;
  }

  release(id: number): void {
    this.operations[id] = NOT_IN_USE;
    this.freeIds[this.freeCount++] = id;
  }
}
