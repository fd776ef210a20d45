const NOT_IN_USE = 0xff;

/**
 * The frontend's own record of what is on the ring, by request id. Whatever a response brings about comes from here:
 * the backend can rewrite the ring's slots as it likes.
 */
export class Shadow {
  private readonly operations: Uint8Array;
  private readonly tags: Float64Array;
  /** `stride` for each request: the references of its pages. */
  readonly refs: Uint32Array;
  private readonly stride: number;
  private readonly refCounts: Uint16Array;
  private readonly freeIds: Uint16Array;
  private freeCount: number;

  /** `stride`: references of a request at most. */
  constructor(size: number, stride: number) {
    this.stride = stride;
    this.operations = new Uint8Array(size).fill(NOT_IN_USE);
    this.tags = new Float64Array(size);
    this.refs = new Uint32Array(size * stride);
    this.refCounts = new Uint16Array(size);
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
