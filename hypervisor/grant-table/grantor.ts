import {
  GNTTAB_NR_RESERVED_ENTRIES,
  GTF_accept_transfer,
  GTF_permit_access,
  GTF_readonly,
  GTF_transfer_completed,
} from '../abi/grant-table.ts';
import {ENOSPC} from '../errno.ts';
import type {Gfn} from '../ids.ts';
import type {GrantTable} from './grant-table.ts';

/**
 * The guest's side of its own table: hands out references and writes their entries, as a kernel's grant allocator does.
 * Nothing here is known to the hypervisor but the bytes.
 */
export class Grantor {
  private readonly table: GrantTable;
  /** GNTTABOP_setup_table for one more frame; false when the table is at its limit. */
  private readonly grow: () => boolean;
  private readonly freed: number[] = [];
  private nextRef = GNTTAB_NR_RESERVED_ENTRIES;
  private live = 0;

  constructor(table: GrantTable, grow: () => boolean) {
    this.table = table;
    this.grow = grow;
  }

  /** References in use, reserved ones apart. */
  get count(): number {
    return this.live;
  }

  /** Lets `domid` map or copy the frame. Returns the reference, or -ENOSPC when the table is full. */
  grantAccess(domid: number, gfn: Gfn, readonly: boolean): number {
    const ref = this.take();
    if (ref >= 0) this.writeEntry(ref, domid, gfn, readonly ? GTF_permit_access | GTF_readonly : GTF_permit_access);
    return ref;
  }

  /** Lets `domid` use `count` frames, all or none: their references go to `refs` from `at` on. False: the table is full. */
  grantMany(
    domid: number,
    frames: ArrayLike<number>,
    readonly: boolean,
    refs: Uint32Array,
    at: number,
    count: number,
  ): boolean {
    const flags = readonly ? GTF_permit_access | GTF_readonly : GTF_permit_access;
    for (let i = 0; i < count; i++) {
      const ref = this.take();
      if (ref < 0) {
        this.endMany(refs, at, i);
        return false;
      }
      this.writeEntry(ref, domid, frames[i], flags);
      refs[at + i] = ref;
    }
    return true;
  }

  /** Takes back the grants of `count` references from `at` on, all or none: false while the peer has one mapped. */
  endMany(refs: Uint32Array, at: number, count: number): boolean {
    const {table} = this;
    const {u32} = table.memory;
    let uses = 0;
    for (let i = at; i < at + count; i++) uses |= table.useOf(refs[i]);
    if (uses !== 0) return false;
    // The last first: the next request gets the same references in the same order.
    for (let i = at + count - 1; i >= at; i--) {
      u32[table.entryWord(refs[i])] = 0;
      this.release(refs[i]);
    }
    return true;
  }

  /** The frame behind a reference in use. */
  gfnOf(ref: number): Gfn {
    return this.table.frameAt(this.table.entryWord(ref)) as Gfn;
  }

  /** Offers a hole of ours for a page that `domid` may transfer in. */
  grantTransfer(domid: number, hole: Gfn): number {
    const ref = this.take();
    if (ref >= 0) this.writeEntry(ref, domid, hole, GTF_accept_transfer);
    return ref;
  }

  /** Takes the grant back and frees the reference; false ("in use") while the peer has it mapped. */
  endAccess(ref: number): boolean {
    if (this.table.useOf(ref) !== 0) return false;
    this.table.memory.u32[this.table.entryWord(ref)] = 0;
    this.release(ref);
    return true;
  }

  /** True once the peer has moved its page in; the reference is free then. */
  endTransfer(ref: number): boolean {
    const {u32} = this.table.memory;
    const word = this.table.entryWord(ref);
    const completed = (u32[word] & GTF_transfer_completed) !== 0;
    u32[word] = 0;
    this.release(ref);
    return completed;
  }

  private writeEntry(ref: number, domid: number, gfn: number, flags: number): void {
    const {table} = this;
    const {u32} = table.memory;
    const word = table.entryWord(ref);
    // Frame first: the flags make the entry live.
    u32[word + table.frameWord] = gfn;
    u32[word] = ((domid << 16) | flags) >>> 0;
  }

  private take(): number {
    const reused = this.freed.pop();
    if (reused === undefined && this.nextRef >= this.table.entries && !this.grow()) return -ENOSPC;
    this.live++;
    return reused ?? this.nextRef++;
  }

  private release(ref: number): void {
    this.live--;
    this.freed.push(ref);
  }
}
