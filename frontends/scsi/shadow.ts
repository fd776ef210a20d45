const NOT_IN_USE = 0xffff;

/**
 * The frontend's own record of what is on the ring, by rqid. Whatever a response brings about comes from here: the
 * backend can rewrite the ring's slots as it likes.
 */
export class Shadow {
  /** `stride` for each request: the references of its pages. */
  readonly refs: Uint32Array;
  private readonly stride: number;
  private readonly tags: Float64Array;
  private readonly refCounts: Uint16Array;
  private readonly freeIds: Uint16Array;
  private freeCount: number;

  /** `stride`: references of a request at most. */
  constructor(size: number, stride: number) {
    this.stride = stride;
    this.refs = new Uint32Array(size * stride);
    this.tags = new Float64Array(size);
    this.refCounts = new Uint16Array(size).fill(NOT_IN_USE);
    this.freeIds = Uint16Array.from({length: size}, (_, i) => size - 1 - i);
    this.freeCount = size;
  }

  get count(): number {
    return this.freeIds.length - this.freeCount;
  }

  get free(): number {
    return this.freeCount;
  }

  /** The id that the next request will have; one has to be free. */
  get nextId(): number {
    return this.freeIds[this.freeCount - 1];
  }

  /** Notes the request of id `nextId`, of which the references have been set. */
  take(tag: number, refCount: number): void {
    const id = this.freeIds[--this.freeCount];
    this.tags[id] = tag;
    this.refCounts[id] = refCount;
  }

  /** Where the references of a request begin. */
  refsAt(id: number): number {
    return id * this.stride;
  }

  refCount(id: number): number {
    return this.refCounts[id];
  }

  tag(id: number): number {
    return this.tags[id];
  }

  isTaken(id: number): boolean {
    return id < this.refCounts.length && this.refCounts[id] !== NOT_IN_USE;
  }

  release(id: number): void {
    this.refCounts[id] = NOT_IN_USE;
    this.freeIds[this.freeCount++] = id;
  }

  /** Calls with where the references of each request that is out begin, and how many there are. */
  forEachTaken(visit: (at: number, count: number) => void): void {
    for (let id = 0; id < this.refCounts.length; id++) {
      if (this.isTaken(id)) visit(this.refsAt(id), this.refCounts[id]);
    }
  }
}
