import {counted} from '../hypervisor/cost/index.ts';
import type {Gfn} from '../hypervisor/ids.ts';
import {PAGE_SIZE} from '../hypervisor/memory/index.ts';
import type {HypervisorOps} from '../hypervisor/ops.ts';

/** Frames that a ring takes from the kernel at most: as many as Linux's blkback keeps mapped. */
const MAX_FRAMES = 1056;

/**
 * Frames that carry a ring's data: taken from the kernel as they are needed, then kept for the next request. The ones
 * given back last are used first, so that a backend that keeps fewer of them mapped keeps the right ones.
 */
export class FramePool {
  private readonly ops: HypervisorOps;
  /** Whether the backend may see what is left in a page of earlier requests. */
  private readonly trusted: boolean;
  /**
   * A kernel's driver would copy, too: its cost. Elsewhere the frames stand for the pages that a program reads and writes
   * itself. @see Linux, drivers/block/xen-blkfront.c, "need_copy"
   */
  isBounce: boolean;
  private readonly idle: Gfn[] = [];
  private allocated = 0;

  constructor(ops: HypervisorOps, trusted: boolean) {
    this.ops = ops;
    this.trusted = trusted;
    this.isBounce = !trusted;
  }

  /** `count` frames, 1..257, or undefined when memory or the pool's share of it is used up. */
  take(count: number): Gfn[] | undefined {
    const frames: Gfn[] = [];
    for (let i = 0; i < count; i++) {
      const gfn = this.idle.pop() ?? this.allocate();
      if (gfn === undefined) {
        this.giveBack(frames);
        return undefined;
      }
      frames.push(gfn);
    }
    if (!this.trusted) for (const gfn of frames) this.ops.memory.u8.fill(0, gfn * PAGE_SIZE, (gfn + 1) * PAGE_SIZE);
    return frames;
  }

  giveBack(frames: readonly Gfn[]): void {
    for (let i = frames.length - 1; i >= 0; i--) this.idle.push(frames[i]);
  }

  /** Copies bytes into frames that follow each other in the request, not in memory. */
  fill(frames: readonly Gfn[], bytes: Uint8Array): void {
    const {u8} = this.ops.memory;
    for (let i = 0, at = 0; at < bytes.length; i++, at += PAGE_SIZE) {
      u8.set(bytes.subarray(at, at + PAGE_SIZE), frames[i] * PAGE_SIZE);
    }
    if (this.isBounce) this.ops.account?.add(counted.memcpyBytes, bytes.length);
  }

  /** Copies as many bytes as `into` holds out of the frames. */
  drain(frames: readonly Gfn[], into: Uint8Array): void {
    const {u8} = this.ops.memory;
    for (let i = 0, at = 0; at < into.length; i++, at += PAGE_SIZE) {
      const start = frames[i] * PAGE_SIZE;
      into.set(u8.subarray(start, start + Math.min(PAGE_SIZE, into.length - at)), at);
    }
    if (this.isBounce) this.ops.account?.add(counted.memcpyBytes, into.length);
  }

  /** Frees the frames that no request has, those apart that are held otherwise. */
  release(isHeld: (gfn: Gfn) => boolean): void {
    for (const gfn of this.idle) if (!isHeld(gfn)) this.ops.pages.free(gfn);
    this.idle.length = 0;
  }

  private allocate(): Gfn | undefined {
    if (this.allocated === MAX_FRAMES) return undefined;
    const gfn = this.ops.pages.alloc();
    if (gfn !== undefined) this.allocated++;
    return gfn;
  }
}
