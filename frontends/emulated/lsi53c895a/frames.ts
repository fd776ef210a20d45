import type {Gfn} from '../../../hypervisor/ids.ts';
import {PAGE_SIZE} from '../../../hypervisor/memory/index.ts';
import type {NativeMachine} from '../machine.ts';

/** Frames of the driver's own, and those that data go through: taken from the kernel as they are needed, and kept. */
export class DriverFrames {
  private readonly ops: NativeMachine['ops'];
  private readonly idle: Gfn[] = [];
  private readonly all: Gfn[] = [];

  constructor(ops: NativeMachine['ops']) {
    this.ops = ops;
  }

  /** Throws when memory is used up. */
  takeOne(): Gfn {
    const gfn = this.allocate();
    if (gfn === undefined) throw new Error('no memory for a SCSI adapter');
    return gfn;
  }

  /** Room for so many bytes; undefined when memory is used up. */
  take(bytes: number): Gfn[] | undefined {
    const frames: Gfn[] = [];
    for (let left = bytes; left > 0; left -= PAGE_SIZE) {
      const gfn = this.idle.pop() ?? this.allocate();
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

  fill(frames: readonly Gfn[], bytes: Uint8Array): void {
    const {u8} = this.ops.memory;
    for (const [i, gfn] of frames.entries()) {
      u8.set(bytes.subarray(i * PAGE_SIZE, (i + 1) * PAGE_SIZE), gfn * PAGE_SIZE);
    }
  }

  drain(frames: readonly Gfn[], into: Uint8Array): void {
    const {u8} = this.ops.memory;
    for (let at = 0; at < into.length; at += PAGE_SIZE) {
      const start = frames[at / PAGE_SIZE] * PAGE_SIZE;
      into.set(u8.subarray(start, start + Math.min(PAGE_SIZE, into.length - at)), at);
    }
  }

  /** Gives the kernel all of them back. */
  release(): void {
    for (const gfn of this.all.splice(0)) this.ops.pages.free(gfn);
    this.idle.length = 0;
  }

  private allocate(): Gfn | undefined {
    const gfn = this.ops.pages.alloc();
    if (gfn !== undefined) this.all.push(gfn);
    return gfn;
  }
}
