import {ENOSPC} from '../../hypervisor/errno.ts';
import type {Gfn} from '../../hypervisor/ids.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import type {GrantKeeper} from '../grant-keeper.ts';

/** How the pages of requests are granted to the backend. */
export interface DataGrants {
  /** References of `count` frames go to `refs` from `at` on, all or none. False: the grant table is full. */
  grant(frames: ArrayLike<number>, readonly: boolean, refs: Uint32Array, at: number, count: number): boolean;
  /** The same of one frame, which the backend only reads. Returns the reference or -errno. */
  grantOne(gfn: Gfn): number;
  /** The request is answered. False: the backend has a page still mapped that it has no right to any more. */
  end(refs: Uint32Array, at: number, count: number): boolean;
  /** The request will not be answered: its frames are freed when the backend has let go of them. */
  abandon(refs: Uint32Array, at: number, count: number, keeper: GrantKeeper): void;
  /** Whether the frame stays granted between requests. */
  holds(gfn: Gfn): boolean;
  /** Frees the frames that it holds, as the backend lets go of them. */
  close(keeper: GrantKeeper): void;
}

/** Granted for one request, and not a moment longer. */
export class TransientGrants implements DataGrants {
  private readonly ops: HypervisorOps;
  private readonly otherDomid: number;

  constructor(ops: HypervisorOps, otherDomid: number) {
    this.ops = ops;
    this.otherDomid = otherDomid;
  }

  grant(frames: ArrayLike<number>, readonly: boolean, refs: Uint32Array, at: number, count: number): boolean {
    return this.ops.grantor.grantMany(this.otherDomid, frames, readonly, refs, at, count);
  }

  grantOne(gfn: Gfn): number {
    return this.ops.grantor.grantAccess(this.otherDomid, gfn, true);
  }

  end(refs: Uint32Array, at: number, count: number): boolean {
    return this.ops.grantor.endMany(refs, at, count);
  }

  abandon(refs: Uint32Array, at: number, count: number, keeper: GrantKeeper): void {
    for (let i = at; i < at + count; i++) keeper.release(refs[i], this.ops.grantor.gfnOf(refs[i]));
  }

  holds(): boolean {
    return false;
  }

  close(): void {
    // Nothing is held.
  }
}

/** In place of a reference: the first ones are reserved. */
const NONE = 0;

/**
 * Each frame is granted once, with write access, and stays so until the connection ends: the backend may keep it mapped.
 * It may let go of one at any time, too, which makes no difference here. @see blkif.h, "feature-persistent"
 */
export class PersistentGrants implements DataGrants {
  private readonly ops: HypervisorOps;
  private readonly otherDomid: number;
  /** By frame. */
  private readonly refOf: Uint32Array;
  private readonly frames: Gfn[] = [];

  constructor(ops: HypervisorOps, otherDomid: number) {
    this.ops = ops;
    this.otherDomid = otherDomid;
    this.refOf = new Uint32Array(ops.memory.pages);
  }

  grant(frames: ArrayLike<number>, _readonly: boolean, refs: Uint32Array, at: number, count: number): boolean {
    const {refOf} = this;
    for (let i = 0; i < count; i++) {
      const known = refOf[frames[i]];
      const ref = known === NONE ? this.add(frames[i] as Gfn) : known;
      if (ref < 0) return false;
      refs[at + i] = ref;
    }
    return true;
  }

  grantOne(gfn: Gfn): number {
    const known = this.refOf[gfn];
    return known === NONE ? this.add(gfn) : known;
  }

  end(): boolean {
    return true;
  }

  abandon(): void {
    // They are among those that close() gives back.
  }

  holds(gfn: Gfn): boolean {
    return this.refOf[gfn] !== NONE;
  }

  close(keeper: GrantKeeper): void {
    for (const gfn of this.frames) {
      const ref = this.refOf[gfn];
      this.refOf[gfn] = NONE;
      keeper.release(ref, gfn);
    }
    this.frames.length = 0;
  }

  private add(gfn: Gfn): number {
    const ref = this.ops.grantor.grantAccess(this.otherDomid, gfn, false);
    if (ref < 0) return -ENOSPC;
    this.refOf[gfn] = ref;
    this.frames.push(gfn);
    return ref;
  }
}
