import type {Gfn} from '../../../hypervisor/ids.ts';
import {PAGE_SIZE} from '../../../hypervisor/memory/index.ts';
import type {NativeMachine} from '../machine.ts';

const ENTRY_BYTES = 8;
/** More than there are slots: the script never comes round to an entry that is written. */
const ENTRIES = 64;

/** Slots for the script to begin with, in a ring of entries: the address of a slot, and of the next entry. */
export class StartQueue {
  private readonly memory: NativeMachine['ops']['memory'];
  private readonly base: number;
  private readonly idle: number;
  private last = 0;

  /** `idle`: the slot that is behind the last. */
  constructor(gfn: Gfn, idle: number, memory: NativeMachine['ops']['memory']) {
    this.memory = memory;
    this.base = gfn * PAGE_SIZE;
    this.idle = idle;
    this.clear();
  }

  /** Where the script begins. */
  get start(): number {
    return this.base;
  }

  push(slot: number): void {
    const next = (this.last + 1) % ENTRIES;
    this.setEntry(next, this.idle);
    // The script may look at any time: it finds this, or still nothing.
    this.setEntry(this.last, slot);
    this.last = next;
  }

  /** Forgets all, for a script that starts anew. */
  clear(): void {
    this.last = 0;
    for (let entry = 0; entry < ENTRIES; entry++) this.setEntry(entry, this.idle);
  }

  private setEntry(entry: number, slot: number): void {
    const at = (this.base + entry * ENTRY_BYTES) / 4;
    this.memory.u32[at + 1] = this.base + ((entry + 1) % ENTRIES) * ENTRY_BYTES;
    this.memory.u32[at] = slot;
  }
}
