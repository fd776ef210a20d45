import {BLKIF_MAX_SEGMENTS_PER_REQUEST, BLKIF_OP_READ} from '../../hypervisor/abi/io/blkif.ts';
import type {SectorUnits} from '../../hypervisor/abi/io/blkif-sectors.ts';
import type {IoVector} from '../storage/index.ts';
import type {DiskLimits} from './check.ts';
import type {PageMaps} from './page-maps.ts';
import {type BlockRequest, SEGMENT_WORDS} from './request.ts';

const PAGE_BYTES = 4096;

/**
 * Requests that were taken and are not answered yet: as columns, so that one costs no object. What an answer needs is
 * kept here, for the ring slot may hold another message by then.
 */
export class InFlight {
  readonly capacity: number;
  /** Of an indirect request the one inside. */
  readonly operation: Uint8Array;
  readonly idLow: Uint32Array;
  readonly idHigh: Uint32Array;
  /** Where on the disk, in bytes; of a discard: where what is left begins. */
  readonly position: Float64Array;
  /** Bytes on the disk that the request is about; of a discard: those left. */
  readonly lengthBytes: Float64Array;
  readonly nrSegments: Uint16Array;
  /** What has been done of a request that takes several steps. */
  readonly step: Uint8Array;
  /** Of a discard: the bytes have to be overwritten. */
  readonly secure: Uint8Array;
  /** When the backend first saw it. */
  readonly takenNs: Float64Array;
  private readonly maps: PageMaps;
  /** `stride` for each request: the grant, where its page is mapped, and the byte range of the segment in it. */
  private stride = BLKIF_MAX_SEGMENTS_PER_REQUEST;
  private refs!: Uint32Array;
  private handles!: Int32Array;
  private offsets!: Float64Array;
  private firstByte!: Uint16Array;
  private lengths!: Uint16Array;
  private readonly taken: Uint8Array;
  private readonly freeSlots: Uint16Array;
  private freeCount: number;

  constructor(maps: PageMaps, capacity: number) {
    this.maps = maps;
    this.capacity = capacity;
    this.operation = new Uint8Array(capacity);
    this.idLow = new Uint32Array(capacity);
    this.idHigh = new Uint32Array(capacity);
    this.position = new Float64Array(capacity);
    this.lengthBytes = new Float64Array(capacity);
    this.nrSegments = new Uint16Array(capacity);
    this.step = new Uint8Array(capacity);
    this.secure = new Uint8Array(capacity);
    this.takenNs = new Float64Array(capacity);
    this.taken = new Uint8Array(capacity);
    this.freeSlots = Uint16Array.from({length: capacity}, (_, i) => capacity - 1 - i);
    this.freeCount = capacity;
    this.allotSegments();
  }

  get free(): number {
    return this.freeCount;
  }

  get count(): number {
    return this.capacity - this.freeCount;
  }

  /**
   * Notes the segments of a request for the next slot; one has to be free. Returns the bytes that they name, or -1 when one
   * of them is not whole sectors of a page, or there are none or too many.
   */
  readSegments(request: BlockRequest, maxSegments: number, {units, sectorBytes}: DiskLimits): number {
    const {nrSegments, segments, segmentsAt} = request;
    if (nrSegments === 0 || nrSegments > maxSegments) return -1;
    if (nrSegments > this.stride) this.widen(nrSegments);
    const {refs, firstByte, lengths} = this;
    const unit = units.segment;
    const base = this.nextSlot * this.stride;
    let bytes = 0;
    let allLengths = 0;
    for (let i = base, word = segmentsAt; i < base + nrSegments; i++, word += SEGMENT_WORDS) {
      const range = segments[word + 1];
      const first = (range & 0xff) * unit;
      const end = (((range >>> 8) & 0xff) + 1) * unit;
      if (first >= end || end > PAGE_BYTES) return -1;
      refs[i] = segments[word];
      firstByte[i] = first;
      lengths[i] = end - first;
      bytes += end - first;
      allLengths |= end - first;
    }
    return (allLengths & (sectorBytes - 1)) === 0 ? bytes : -1;
  }

  /** Takes the request whose segments were just noted and found good, and maps them. Its slot; -1: a grant is refused. */
  take(request: BlockRequest, bytes: number, units: SectorUnits, nowNs: number): number {
    const slot = this.nextSlot;
    const count = bytes > 0 ? request.nrSegments : 0;
    const readonly = request.answeredOperation !== BLKIF_OP_READ;
    if (this.maps.map(this.refs, readonly, this.handles, this.offsets, slot * this.stride, count) < 0) return -1;
    this.note(slot, request, units, count, bytes, nowNs);
    return slot;
  }

  /** The same for a discard, which has no segments. */
  takeDiscard(request: BlockRequest, units: SectorUnits, nowNs: number, secure: boolean): number {
    const slot = this.nextSlot;
    this.note(slot, request, units, 0, request.discardSectors * units.number, nowNs);
    this.secure[slot] = secure ? 1 : 0;
    return slot;
  }

  /** Ends the mappings and frees the slot. */
  release(slot: number): void {
    this.maps.unmap(this.handles, slot * this.stride, this.nrSegments[slot]);
    this.taken[slot] = 0;
    this.freeSlots[this.freeCount++] = slot;
  }

  isRead(slot: number): boolean {
    return this.operation[slot] === BLKIF_OP_READ;
  }

  /** Whether another request that is under way touches the same bytes, and one of the two changes them. */
  hasConflict(slot: number): boolean {
    const {taken, position, lengthBytes, capacity} = this;
    const reads = this.isRead(slot);
    const start = position[slot];
    const end = start + lengthBytes[slot];
    for (let other = 0; other < capacity; other++) {
      if (taken[other] === 0 || other === slot || (reads && this.isRead(other))) continue;
      if (position[other] < end && start < position[other] + lengthBytes[other]) return true;
    }
    return false;
  }

  /** Appends the request's pieces of memory to a vector; pages that lie together are one piece. */
  addTo(vector: IoVector, slot: number): void {
    const {offsets, firstByte, lengths} = this;
    const base = slot * this.stride;
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

  private get nextSlot(): number {
    return this.freeSlots[this.freeCount - 1];
  }

  private note(
    slot: number,
    request: BlockRequest,
    units: SectorUnits,
    nrSegments: number,
    lengthBytes: number,
    nowNs: number,
  ): void {
    this.freeCount--;
    this.taken[slot] = 1;
    this.operation[slot] = request.answeredOperation;
    this.idLow[slot] = request.idLow;
    this.idHigh[slot] = request.idHigh;
    this.position[slot] = request.sector * units.number;
    this.lengthBytes[slot] = lengthBytes;
    this.nrSegments[slot] = nrSegments;
    this.step[slot] = 0;
    this.takenNs[slot] = nowNs;
  }

  /** Room for longer requests, made when the first of them comes: most guests' disks never need it. */
  private widen(segments: number): void {
    const {stride, refs, handles, offsets, firstByte, lengths} = this;
    this.stride = 2 ** Math.ceil(Math.log2(segments));
    this.allotSegments();
    for (let slot = 0; slot < this.capacity; slot++) {
      const from = slot * stride;
      const to = slot * this.stride;
      this.refs.set(refs.subarray(from, from + stride), to);
      this.handles.set(handles.subarray(from, from + stride), to);
      this.offsets.set(offsets.subarray(from, from + stride), to);
      this.firstByte.set(firstByte.subarray(from, from + stride), to);
      this.lengths.set(lengths.subarray(from, from + stride), to);
    }
  }

  private allotSegments(): void {
    const size = this.capacity * this.stride;
    this.refs = new Uint32Array(size);
    this.handles = new Int32Array(size);
    this.offsets = new Float64Array(size);
    this.firstByte = new Uint16Array(size);
    this.lengths = new Uint16Array(size);
  }
}
