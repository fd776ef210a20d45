import {BLKIF_MAX_SEGMENTS_PER_REQUEST as MAX_SEGMENTS} from '../../hypervisor/abi/io/blkif.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {type IoVector, SECTOR_BYTES} from '../storage/index.ts';
import type {BlockRequest} from './request.ts';

/**
 * Requests that were taken and are not answered yet: as columns, so that one costs no object. What an answer needs is
 * kept here, for the ring slot may hold another message by then.
 */
export class InFlight {
  readonly capacity: number;
  readonly operation: Uint8Array;
  readonly idLow: Uint32Array;
  readonly idHigh: Uint32Array;
  /** Where on the disk, in bytes; of a discard: where what is left begins. */
  readonly position: Float64Array;
  /** Bytes on the disk that the request is about; of a discard: those left. */
  readonly lengthBytes: Float64Array;
  readonly nrSegments: Uint8Array;
  private readonly ops: HypervisorOps;
  /** MAX_SEGMENTS for each request: the grant, where its page is mapped, and the byte range of the segment in it. */
  private readonly refs: Uint32Array;
  private readonly handles: Int32Array;
  private readonly offsets: Float64Array;
  private readonly firstByte: Uint16Array;
  private readonly lengths: Uint16Array;
  private readonly freeSlots: Uint16Array;
  private freeCount: number;

  constructor(ops: HypervisorOps, capacity: number) {
    this.ops = ops;
    this.capacity = capacity;
    this.operation = new Uint8Array(capacity);
    this.idLow = new Uint32Array(capacity);
    this.idHigh = new Uint32Array(capacity);
    this.position = new Float64Array(capacity);
    this.lengthBytes = new Float64Array(capacity);
    this.nrSegments = new Uint8Array(capacity);
    this.refs = new Uint32Array(capacity * MAX_SEGMENTS);
    this.handles = new Int32Array(capacity * MAX_SEGMENTS);
    this.offsets = new Float64Array(capacity * MAX_SEGMENTS);
    this.firstByte = new Uint16Array(capacity * MAX_SEGMENTS);
    this.lengths = new Uint16Array(capacity * MAX_SEGMENTS);
    this.freeSlots = Uint16Array.from({length: capacity}, (_, i) => capacity - 1 - i);
    this.freeCount = capacity;
  }

  get free(): number {
    return this.freeCount;
  }

  get count(): number {
    return this.capacity - this.freeCount;
  }

  /**
   * Notes a request that has been checked and maps its segments; one has to be free. Returns its slot, or -1 when a
   * grant is refused.
   */
  take(request: BlockRequest, granter: number, mapFlags: number): number {
    const slot = this.freeSlots[--this.freeCount];
    const {nrSegments} = request;
    const base = slot * MAX_SEGMENTS;
    let bytes = 0;
    for (let i = 0; i < nrSegments; i++) {
      const first = request.firstSect(i) * SECTOR_BYTES;
      const length = (request.lastSect(i) + 1) * SECTOR_BYTES - first;
      this.refs[base + i] = request.gref(i);
      this.firstByte[base + i] = first;
      this.lengths[base + i] = length;
      bytes += length;
    }
    if (this.ops.gnttabMapMany(granter, this.refs, mapFlags, this.handles, this.offsets, base, nrSegments) < 0) {
      this.freeSlots[this.freeCount++] = slot;
      return -1;
    }
    this.note(slot, request, nrSegments, bytes);
    return slot;
  }

  /** The same for a discard, which has no segments. */
  takeDiscard(request: BlockRequest): number {
    const slot = this.freeSlots[--this.freeCount];
    this.note(slot, request, 0, request.discardSectors * SECTOR_BYTES);
    return slot;
  }

  /** Ends the mappings and frees the slot. */
  release(slot: number): void {
    this.ops.gnttabUnmapMany(this.handles, slot * MAX_SEGMENTS, this.nrSegments[slot]);
    this.freeSlots[this.freeCount++] = slot;
  }

  /** Appends the request's pieces of memory to a vector; pages that lie together are one piece. */
  addTo(vector: IoVector, slot: number): void {
    const {offsets, firstByte, lengths} = this;
    const base = slot * MAX_SEGMENTS;
    const end = base + this.nrSegments[slot];
    let start = offsets[base] + firstByte[base];
    let length = lengths[base];
    for (let i = base + 1; i < end; i++) {
      const offset = offsets[i] + firstByte[i];
      if (offset !== start + length) {
        vector.add(start, length);
        start = offset;
        length = 0;
      }
      length += lengths[i];
    }
    vector.add(start, length);
  }

  private note(slot: number, request: BlockRequest, nrSegments: number, lengthBytes: number): void {
    this.operation[slot] = request.operation;
    this.idLow[slot] = request.idLow;
    this.idHigh[slot] = request.idHigh;
    this.position[slot] = request.sector * SECTOR_BYTES;
    this.lengthBytes[slot] = lengthBytes;
    this.nrSegments[slot] = nrSegments;
  }
}
