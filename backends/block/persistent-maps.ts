import {GNTMAP_host_map, GNTST_okay} from '../../hypervisor/abi/grant-table.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {NS_PER_S, type Timer} from '../../hypervisor/schedule/index.ts';
import type {PageMaps} from './page-maps.ts';

/** In place of an entry. */
const NONE = -1;

/** Pages that no request used for this long are given back, as Linux's blkback does. */
const UNUSED_NS = 60 * NS_PER_S;
/** The part of them that is given back to make room, so that not every new page takes a look at all. */
const MAKE_ROOM = 0.05;

/**
 * Keeps the pages of a frontend that reuses its grants mapped, up to a limit: those that were used least lately make
 * room for new ones, and where all are in use a page is mapped for the request alone.
 *
 * All are mapped with write access, since a page that is written from now may be read into later.
 * @see blkif.h, "feature-persistent"
 */
export class PersistentMaps implements PageMaps {
  private readonly ops: HypervisorOps;
  private readonly granter: number;
  private readonly limit: number;
  /** By reference; grown as references come that can be mapped. */
  private entries = new Int16Array(512).fill(NONE);
  /** By entry. */
  private readonly refs: Uint32Array;
  private readonly handles: Int32Array;
  private readonly offsets: Float64Array;
  /** Requests that use it now. */
  private readonly uses: Uint16Array;
  /** The count of requests when it was used last. */
  private readonly usedAt: Float64Array;
  private readonly free: number[];
  private requests = 0;
  private requestsAtSweep = 0;
  private timer: Timer | undefined;

  constructor(ops: HypervisorOps, granter: number, limit: number) {
    this.ops = ops;
    this.granter = granter;
    this.limit = limit;
    this.refs = new Uint32Array(limit);
    this.handles = new Int32Array(limit).fill(NONE);
    this.offsets = new Float64Array(limit);
    this.uses = new Uint16Array(limit);
    this.usedAt = new Float64Array(limit);
    this.free = Array.from({length: limit}, (_, i) => limit - 1 - i);
  }

  map(
    refs: Uint32Array,
    _readonly: boolean,
    handles: Int32Array,
    offsets: Float64Array,
    at: number,
    count: number,
  ): number {
    const {uses, usedAt} = this;
    const now = ++this.requests;
    for (let i = at; i < at + count; i++) {
      const ref = refs[i];
      const entry = ref < this.entries.length ? this.entries[ref] : NONE;
      if (entry === NONE) {
        const status = this.admit(ref, handles, offsets, i);
        if (status === GNTST_okay) continue;
        this.unmap(handles, at, i - at);
        return status;
      }
      uses[entry]++;
      usedAt[entry] = now;
      handles[i] = ~entry;
      offsets[i] = this.offsets[entry];
    }
    return GNTST_okay;
  }

  /** Handles below 0 stand for entries. */
  unmap(handles: Int32Array, at: number, count: number): void {
    const {uses} = this;
    for (let i = at; i < at + count; i++) {
      if (handles[i] < 0) uses[~handles[i]]--;
      else this.ops.gnttabUnmap(handles[i]);
    }
  }

  close(): void {
    this.timer?.cancel();
    for (const entry of this.idle()) this.drop(entry);
  }

  /** Maps a reference that is not kept yet, and keeps it if there is room. */
  private admit(ref: number, handles: Int32Array, offsets: Float64Array, i: number): number {
    const handle = this.ops.gnttabMap(this.granter, ref, GNTMAP_host_map);
    if (handle < 0) return handle;
    offsets[i] = this.ops.mappedOffset(handle);
    if (this.free.length === 0) this.makeRoom();
    const entry = this.free.pop() ?? NONE;
    handles[i] = entry === NONE ? handle : ~entry;
    if (entry === NONE) return GNTST_okay;
    this.grow(ref);
    this.entries[ref] = entry;
    this.refs[entry] = ref;
    this.handles[entry] = handle;
    this.offsets[entry] = offsets[i];
    this.uses[entry] = 1;
    this.usedAt[entry] = this.requests;
    this.timer ??= this.ops.schedule.after(UNUSED_NS, this.sweep);
    return GNTST_okay;
  }

  private makeRoom(): void {
    const {usedAt} = this;
    const oldest = this.idle().sort((a, b) => usedAt[a] - usedAt[b]);
    for (const entry of oldest.slice(0, Math.max(1, this.limit * MAKE_ROOM))) this.drop(entry);
  }

  /** Entries that are kept and that no request uses. */
  private idle(): number[] {
    const entries: number[] = [];
    for (let entry = 0; entry < this.limit; entry++) {
      if (this.handles[entry] !== NONE && this.uses[entry] === 0) entries.push(entry);
    }
    return entries;
  }

  private drop(entry: number): void {
    this.ops.gnttabUnmap(this.handles[entry]);
    this.handles[entry] = NONE;
    this.entries[this.refs[entry]] = NONE;
    this.free.push(entry);
  }

  private readonly sweep = (): void => {
    for (const entry of this.idle()) if (this.usedAt[entry] <= this.requestsAtSweep) this.drop(entry);
    this.requestsAtSweep = this.requests;
    this.timer = this.free.length === this.limit ? undefined : this.ops.schedule.after(UNUSED_NS, this.sweep);
  };

  /** A reference that can be mapped is within the guest's table, so this has a limit. */
  private grow(ref: number): void {
    if (ref < this.entries.length) return;
    const entries = new Int16Array(2 ** Math.ceil(Math.log2(ref + 1))).fill(NONE);
    entries.set(this.entries);
    this.entries = entries;
  }
}
