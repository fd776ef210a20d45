import {EEXIST, EINVAL, ENOENT, ENOSPC} from '../errno.ts';
import {PAGE_WORDS} from '../memory/index.ts';
import {Ioreq} from './ioreq.ts';

/** Ranges of each type that a server may claim. @see Xen's MAX_NR_IO_RANGES */
const MAX_RANGES = 256;

/** What a server answers for: ports, physical addresses, or PCI functions by their SBDF. */
export interface IoRange {
  /** XEN_DMOP_IO_RANGE_* */
  readonly type: number;
  readonly start: number;
  /** The last one. */
  readonly end: number;
  /** The device behind it, for the ledger: "ide". */
  readonly owner: string;
}

/** Answers the request in its page: sets `data` of a read, and STATE_IORESP_READY. */
export type IoreqHandler = (request: Ioreq) => void;

/** An IOREQ server: a device model that gets the accesses to its ranges. @see hvm/dm_op.h */
export class IoreqServer {
  readonly id: number;
  enabled = false;
  /** The page of synchronous requests, an ioreq_t a vCPU. */
  readonly page = new Uint32Array(PAGE_WORDS);
  readonly requests: readonly Ioreq[];
  readonly handler: IoreqHandler;
  private ranges: readonly IoRange[] = [];

  constructor(id: number, vcpus: number, handler: IoreqHandler) {
    this.id = id;
    this.handler = handler;
    this.requests = Array.from({length: vcpus}, (_, vcpu) => new Ioreq(this.page, vcpu));
  }

  /** -EINVAL for a range that ends before it starts, -EEXIST where it has one there, -ENOSPC for too many. */
  map(range: IoRange): number {
    const {type, start, end} = range;
    if (!(start >= 0 && end >= start)) return -EINVAL;
    const ofType = this.ranges.filter((other) => other.type === type);
    if (ofType.some((other) => start <= other.end && end >= other.start)) return -EEXIST;
    if (ofType.length >= MAX_RANGES) return -ENOSPC;
    this.ranges = [...this.ranges, range];
    return 0;
  }

  /** -ENOENT when it has no such range. */
  unmap(type: number, start: number, end: number): number {
    const rest = this.ranges.filter((range) => range.type !== type || range.start !== start || range.end !== end);
    if (rest.length === this.ranges.length) return -ENOENT;
    this.ranges = rest;
    return 0;
  }

  /** The range that has all of first..last. */
  find(type: number, first: number, last: number): IoRange | undefined {
    for (const range of this.ranges) {
      if (range.type === type && first >= range.start && last <= range.end) return range;
    }
    return undefined;
  }
}
