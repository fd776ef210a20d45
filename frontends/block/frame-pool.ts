import type {Gfn} from '../../hypervisor/ids.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';

/** Frames that carry a disk's data: taken from the kernel as they are needed, then kept for the next request. */
export class FramePool {
  private readonly ops: HypervisorOps;
  private readonly idle: Gfn[] = [];

  constructor(ops: HypervisorOps) {
    this.ops = ops;
  }

  /** `count` frames with whatever they held, or undefined when memory is used up. */
  take(count: number): Gfn[] | undefined {
    const frames: Gfn[] = [];
    for (let i = 0; i < count; i++) {
      const gfn = this.idle.pop() ?? this.ops.pages.alloc();
      if (gfn === undefined) {
        this.giveBack(frames);
        return undefined;
      }
      frames.push(gfn);
    }
    return frames;
  }

  giveBack(frames: readonly Gfn[]): void {
    for (let i = frames.length - 1; i >= 0; i--) this.idle.push(frames[i]);
  }

  /** Copies bytes into frames that follow each other in the request, not in memory. */
  fill(frames: readonly Gfn[], bytes: Uint8Array): void {
    const {u8} = this.ops.memory;
    frames.forEach((gfn, i) => u8.set(bytes.subarray(i * PAGE_SIZE, (i + 1) * PAGE_SIZE), gfn * PAGE_SIZE));
  }

  /** Copies as many bytes as `into` holds out of the frames. */
  drain(frames: readonly Gfn[], into: Uint8Array): void {
    const {u8} = this.ops.memory;
    frames.forEach((gfn, i) => {
      const length = Math.min(PAGE_SIZE, into.length - i * PAGE_SIZE);
      into.set(u8.subarray(gfn * PAGE_SIZE, gfn * PAGE_SIZE + length), i * PAGE_SIZE);
    });
  }

  /** Frees the frames that no request has. */
  release(): void {
    for (const gfn of this.idle) this.ops.pages.free(gfn);
    this.idle.length = 0;
  }
}
