import type {Gfn} from '../../../hypervisor/ids.ts';
import {PAGE_SIZE} from '../../../hypervisor/memory/index.ts';
import type {NativeMachine} from '../machine.ts';
import {TXD_DD, TXD_EOP, TXD_IFCS, TXD_RS} from './registers.ts';

const ENTRIES = PAGE_SIZE / 16;
/** Two to a page. */
const BUFFER_BYTES = 2048;
const PAGES = 1 + (ENTRIES * BUFFER_BYTES) / PAGE_SIZE;

/** The transmit ring, with a buffer for each descriptor. */
export class Transmitter {
  private readonly ops: NativeMachine['ops'];
  private readonly gfn: Gfn;
  /** The next descriptor to fill, and the first that the controller may not be done with. */
  private next = 0;
  private clean = 0;

  /** Undefined: there is no memory for it. */
  static create(ops: NativeMachine['ops']): Transmitter | undefined {
    const gfn = ops.pages.allocContiguous(PAGES);
    return gfn === undefined ? undefined : new Transmitter(ops, gfn);
  }

  private constructor(ops: NativeMachine['ops'], gfn: Gfn) {
    this.ops = ops;
    this.gfn = gfn;
  }

  get address(): number {
    return this.gfn * PAGE_SIZE;
  }

  get ringBytes(): number {
    return ENTRIES * 16;
  }

  /** What TDT is to be. */
  get tail(): number {
    return this.next;
  }

  /** The controller is done with all, as far as was looked. */
  get isIdle(): boolean {
    return this.next === this.clean;
  }

  /** Fills the next descriptor; false when all are the controller's. */
  put(frame: Uint8Array): boolean {
    if ((this.next + 1) % ENTRIES === this.clean) return false;
    const {u8, u32} = this.ops.memory;
    const buffer = this.address + PAGE_SIZE + this.next * BUFFER_BYTES;
    u8.set(frame, buffer);
    const at = this.word(this.next);
    u32[at] = buffer;
    u32[at + 1] = 0;
    u32[at + 2] = TXD_EOP | TXD_IFCS | TXD_RS | frame.length;
    u32[at + 3] = 0;
    this.next = (this.next + 1) % ENTRIES;
    return true;
  }

  /** Takes back the descriptors that the controller is done with; false when there are none. */
  reap(): boolean {
    const before = this.clean;
    const {u32} = this.ops.memory;
    while (this.clean !== this.next && (u32[this.word(this.clean) + 3] & TXD_DD) !== 0)
      this.clean = (this.clean + 1) % ENTRIES;
    return this.clean !== before;
  }

  free(): void {
    this.ops.pages.free(this.gfn, PAGES);
  }

  private word(index: number): number {
    return this.address / 4 + index * 4;
  }
}
