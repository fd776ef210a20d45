import type {Gfn} from '../../hypervisor/ids.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {FramePool} from '../frame-pool.ts';
import type {Extent, Operation} from './operation.ts';
import type {BlockRing, RingTerms} from './ring.ts';

/** One request on the ring. */
export interface Part {
  /** Requests of a disk are counted, so that lost ones can be made again in the order they had. */
  readonly number: number;
  readonly operation: Operation;
  readonly extent: Extent;
  readonly frames: readonly Gfn[];
}

/** One ring with the pages of its requests, and which part of which call each request is. */
export class Lane {
  readonly ring: BlockRing;
  readonly frames: FramePool;
  /** By tag. */
  private readonly parts: (Part | undefined)[];
  private readonly freeTags: number[];

  constructor(ops: HypervisorOps, ring: BlockRing, trusted: boolean) {
    this.ring = ring;
    this.frames = new FramePool(ops, trusted);
    this.parts = new Array<Part | undefined>(ring.entries).fill(undefined);
    this.freeTags = Array.from(this.parts, (_, i) => ring.entries - 1 - i);
  }

  /** To be called before the first request. */
  agree(terms: RingTerms): void {
    this.ring.agree(terms);
    if (terms.persistent) this.frames.isBounce = true;
  }

  /** The tag that the next request has to have; there are as many as slots in the ring. */
  get nextTag(): number {
    const tag = this.freeTags.at(-1);
    if (tag === undefined) throw new Error('more requests than slots');
    return tag;
  }

  /** The request of tag `nextTag` is on the ring. */
  note(part: Part): void {
    this.parts[this.nextTag] = part;
    this.freeTags.pop();
  }

  /** The request was answered. */
  take(tag: number): Part {
    const part = this.parts[tag];
    if (part === undefined) throw new Error(`completion of tag ${tag}, which is not out`);
    this.parts[tag] = undefined;
    this.freeTags.push(tag);
    return part;
  }

  /** The ring has stopped: what was out is lost. The ring keeps the frames of it, and those that stay granted. */
  close(): Part[] {
    this.frames.release(this.ring.holds);
    return this.parts.filter((part) => part !== undefined);
  }
}
