import {GNTMAP_host_map, GNTST_okay} from '../../hypervisor/abi/grant-table.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {NS_PER_S, type Timer} from '../../hypervisor/schedule/index.ts';
import type {PageMaps} from './page-maps.ts';
import {UseOrder} from './use-order.ts';

/** In place of an entry. */
const NONE = -1;

/** Pages that no request used for this long are given back, as Linux's blkback does. */
const UNUSED_NS = 60 * NS_PER_S;

/**
 * Keeps the pages of a frontend that reuses its grants mapped, up to a limit: the one that was used least lately makes
 * room for a new one, and where all are in use a page is mapped for the request alone.
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
  private readonly uses: Uint16Array;
  /** The sweep after which the entry was used last. */
  private readonly usedAt: Float64Array;
  /** Entries that no request uses. */
  private readonly idle: UseOrder;
  private readonly unused: number[];
  private sweeps = 0;
  private timer: Timer | undefined;

  constructor(ops: HypervisorOps, granter: number, limit: number) {
    this.ops = ops;
    this.granter = granter;
    this.limit = limit;
    this.refs = new Uint32Array(limit);
    this.handles = new Int32Array(limit);
    this.offsets = new Float64Array(limit);
    this.uses = new Uint16Array(limit);
    this.usedAt = new Float64Array(limit);
    this.idle = new UseOrder(limit);
    this.unused = Array.from({length: limit}, (_, i) => limit - 1 - i);
  }

  /** Pages that are kept. */
  get count(): number {
    return this.limit - this.unused.length;
  }

  map(
    refs: Uint32Array,
    _readonly: boolean,
    handles: Int32Array,
    offsets: Float64Array,
    at: number,
    count: number,
  ): number {
    for (let i = at; i < at + count; i++) {
      const status = this.mapOne(refs[i], handles, offsets, i);
      if (status !== GNTST_okay) {
        this.unmap(handles, at, i - at);
        return status;
      }
    }
    return GNTST_okay;
  }

  /** Handles below 0 stand for entries. */
  unmap(handles: Int32Array, at: number, count: number): void {
    for (let i = at; i < at + count; i++) {
      if (handles[i] >= 0) this.ops.gnttabUnmap(handles[i]);
      else this.leave(~handles[i]);
    }
  }

  close(): void {
    this.timer?.cancel();
    while (this.idle.oldest !== NONE) this.drop(this.idle.oldest);
  }

  private mapOne(ref: number, handles: Int32Array, offsets: Float64Array, i: number): number {
    const entry = ref < this.entries.length ? this.entries[ref] : NONE;
    if (entry === NONE) return this.admit(ref, handles, offsets, i);
    if (this.uses[entry]++ === 0) this.idle.remove(entry);
    handles[i] = ~entry;
    offsets[i] = this.offsets[entry];
    return GNTST_okay;
  }

  /** Maps a reference that is not kept yet, and keeps it if there is room. */
  private admit(ref: number, handles: Int32Array, offsets: Float64Array, i: number): number {
    const handle = this.ops.gnttabMap(this.granter, ref, GNTMAP_host_map);
    if (handle < 0) return handle;
    offsets[i] = this.ops.mappedOffset(handle);
    if (this.unused.length === 0 && this.idle.oldest !== NONE) this.drop(this.idle.oldest);
    const entry = this.unused.pop() ?? NONE;
    handles[i] = entry === NONE ? handle : ~entry;
    if (entry === NONE) return GNTST_okay;
    this.grow(ref);
    this.entries[ref] = entry;
    this.refs[entry] = ref;
    this.handles[entry] = handle;
    this.offsets[entry] = offsets[i];
    this.uses[entry] = 1;
    this.timer ??= this.ops.schedule.after(UNUSED_NS, this.sweep);
    return GNTST_okay;
  }

  private leave(entry: number): void {
    if (--this.uses[entry] > 0) return;
    this.usedAt[entry] = this.sweeps;
    this.idle.add(entry);
  }

  private drop(entry: number): void {
    this.idle.remove(entry);
    this.ops.gnttabUnmap(this.handles[entry]);
    this.entries[this.refs[entry]] = NONE;
    this.unused.push(entry);
  }

  private readonly sweep = (): void => {
    const {idle, usedAt} = this;
    while (idle.oldest !== NONE && usedAt[idle.oldest] < this.sweeps) this.drop(idle.oldest);
    this.sweeps++;
    this.timer = this.count === 0 ? undefined : this.ops.schedule.after(UNUSED_NS, this.sweep);
  };

  /** A reference that can be mapped is within the guest's table, so this has a limit. */
  private grow(ref: number): void {
    if (ref < this.entries.length) return;
    const entries = new Int16Array(2 ** Math.ceil(Math.log2(ref + 1))).fill(NONE);
    entries.set(this.entries);
    this.entries = entries;
  }
}
