import type {Gfn} from '../../../hypervisor/ids.ts';
import {PAGE_SIZE} from '../../../hypervisor/memory/index.ts';
import type {NativeMachine} from '../machine.ts';
import {RXD_DAMAGED, RXD_DD, RXD_EOP} from './registers.ts';

const ENTRIES = PAGE_SIZE / 16;
const BUFFER_BYTES = 2048;
const PAGES = 1 + (ENTRIES * BUFFER_BYTES) / PAGE_SIZE;
/** Buffers are given back so many at a time. @see Linux, E1000_RX_BUFFER_WRITE */
const BATCH = 16;

export interface ReceiverUser {
  /** The bytes are the user's during the call. */
  take(frame: Uint8Array): void;
  /** A frame is damaged. */
  onError(): void;
  /** Buffers up to here are the controller's: RDT. */
  give(tail: number): void;
}

/** The receive ring: each descriptor keeps its buffer, as frames are copied out of it. */
export class Receiver {
  private readonly ops: NativeMachine['ops'];
  private readonly gfn: Gfn;
  private next = 0;
  /** Buffers that were emptied and not given back yet. */
  private emptied = 0;

  /** Undefined: there is no memory for it. */
  static create(ops: NativeMachine['ops']): Receiver | undefined {
    const gfn = ops.pages.allocContiguous(PAGES);
    return gfn === undefined ? undefined : new Receiver(ops, gfn);
  }

  private constructor(ops: NativeMachine['ops'], gfn: Gfn) {
    this.ops = ops;
    this.gfn = gfn;
    for (let i = 0; i < ENTRIES; i++) this.ops.memory.u32.set([this.buffer(i), 0, 0, 0], this.word(i));
  }

  get address(): number {
    return this.gfn * PAGE_SIZE;
  }

  get ringBytes(): number {
    return ENTRIES * 16;
  }

  /** What RDT begins with: all but one are the controller's. */
  get firstTail(): number {
    return ENTRIES - 1;
  }

  /** Takes the frames that have come. */
  drain(user: ReceiverUser): void {
    const {u8, u32} = this.ops.memory;
    for (let taken = 0; taken < ENTRIES; taken++) {
      const at = this.word(this.next);
      const status = u32[at + 3];
      if ((status & RXD_DD) === 0) return;
      const buffer = this.buffer(this.next);
      // A frame in several buffers is longer than the MTU: nobody here wants it.
      if ((status & RXD_EOP) === 0 || (status & RXD_DAMAGED) !== 0) user.onError();
      else user.take(u8.subarray(buffer, buffer + Math.min(u32[at + 2] & 0xffff, BUFFER_BYTES)));
      u32[at + 3] = 0;
      this.next = (this.next + 1) % ENTRIES;
      this.emptied++;
      if (this.emptied < BATCH) continue;
      this.emptied = 0;
      user.give((this.next + ENTRIES - 1) % ENTRIES);
    }
  }

  free(): void {
    this.ops.pages.free(this.gfn, PAGES);
  }

  private word(index: number): number {
    return this.address / 4 + index * 4;
  }

  private buffer(index: number): number {
    return this.address + PAGE_SIZE + index * BUFFER_BYTES;
  }
}
