import {GNTMAP_host_map, GNTMAP_readonly} from '../../hypervisor/abi/grant-table.ts';
import {VSCSIIF_PAGE_SIZE, VSCSIIF_SG_TABLESIZE} from '../../hypervisor/abi/io/vscsiif.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {HEAD_WORDS, type ScsiRequest, SEGMENT_WORDS} from './request.ts';

/** Segments of one request at most, what `feature-sg-grant` says: 4 MiB in whole pages, as Linux's scsiback has it. */
export const MAX_SEGMENTS = 1024;

const SEGMENT_BYTES = SEGMENT_WORDS * 4;

/** In place of a number of segments: the request is wrong. */
export const REFUSED = -1;

/**
 * Collects the segments of a request: those that stand in it, or those in the pages that it names. What lies in a page of
 * the guest is copied out first, once. @see vscsiif.h, VSCSIIF_SG_GRANT
 */
export class SegmentReader {
  /** Of the request read last. */
  readonly words = new Uint32Array(MAX_SEGMENTS * SEGMENT_WORDS);
  private readonly bytes = new Uint8Array(this.words.buffer);
  private readonly ops: HypervisorOps;
  private readonly granter: number;
  /** What is offered to the frontend; 0: no indirect segments. */
  private readonly maxIndirect: number;
  private readonly refs = new Uint32Array(1);
  private readonly handles = new Int32Array(1);
  private readonly offsets = new Float64Array(1);

  constructor(ops: HypervisorOps, granter: number, maxIndirect: number) {
    this.ops = ops;
    this.granter = granter;
    this.maxIndirect = maxIndirect;
  }

  /** Returns how many there are, all within their pages; or REFUSED. */
  read(request: ScsiRequest): number {
    if (request.nrSegments > VSCSIIF_SG_TABLESIZE) return REFUSED;
    const count = request.isIndirect ? this.copyIndirect(request) : this.copyDirect(request);
    for (let word = 1; word < count * SEGMENT_WORDS; word += SEGMENT_WORDS) {
      const range = this.words[word];
      if ((range & 0xffff) + (range >>> 16) > VSCSIIF_PAGE_SIZE) return REFUSED;
    }
    return count;
  }

  private copyDirect({words, nrSegments}: ScsiRequest): number {
    for (let i = 0; i < nrSegments * SEGMENT_WORDS; i++) this.words[i] = words[HEAD_WORDS + i];
    return nrSegments;
  }

  private copyIndirect({words, nrSegments}: ScsiRequest): number {
    let count = 0;
    for (let i = 0; i < nrSegments; i++) {
      const at = HEAD_WORDS + i * SEGMENT_WORDS;
      const start = words[at + 1] & 0xffff;
      const length = words[at + 1] >>> 16;
      const added = length / SEGMENT_BYTES;
      const isWhole = length % SEGMENT_BYTES === 0 && start + length <= VSCSIIF_PAGE_SIZE;
      if (!isWhole || count + added > this.maxIndirect) return REFUSED;
      if (!this.copyPage(words[at], start, length, count * SEGMENT_BYTES)) return REFUSED;
      count += added;
    }
    return count;
  }

  /** Copies a part of a granted page behind what is there. */
  private copyPage(ref: number, start: number, length: number, to: number): boolean {
    const {ops, refs, handles, offsets} = this;
    refs[0] = ref;
    const flags = GNTMAP_host_map | GNTMAP_readonly;
    if (ops.gnttabMapMany(this.granter, refs, flags, handles, offsets, 0, 1) < 0) return false;
    const from = offsets[0] + start;
    this.bytes.set(ops.mappedMemory(handles[0]).u8.subarray(from, from + length), to);
    ops.gnttabUnmapMany(handles, 0, 1);
    return true;
  }
}
