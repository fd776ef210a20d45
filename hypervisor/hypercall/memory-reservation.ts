import * as abi from '../abi/memory.ts';
import type {Domain} from '../domain.ts';
import {EFAULT, EINVAL, ESRCH} from '../errno.ts';
import type {Hypervisor} from '../hypervisor.ts';
import {DOMID_SELF} from '../ids.ts';
import {decreaseReservation, populatePhysmap} from '../reservation.ts';
import type {Hypercall} from './hypercall.ts';
import {CHUNK, goOnAt, startOf} from './memory-extents.ts';

/** Extents that one call may have: as much memory as there can be. */
const MAX_EXTENTS = 1 << 20;

/** Frees or fills some frames; returns how many of them, in order, were done. */
type Change = (xen: Hypervisor, domain: Domain, gfns: Uint32Array) => number;

/** Applies a change to a list of frames, answers how many were done. @see memory.h, struct xen_memory_reservation */
const reservation =
  (change: Change): Hypercall =>
  ({xen, domain, guest, vcpu}, args) => {
    const arg = guest.read(abi.xen_memory_reservation, args[1]);
    if (arg === undefined) return -EFAULT;
    const {extent_start, nr_extents, extent_order, domid} = arg;
    if (domid !== DOMID_SELF && domid !== domain.id) return -ESRCH;
    if (nr_extents > MAX_EXTENTS || extent_order !== 0) return -EINVAL;
    for (let done = startOf(args); ;) {
      const left = nr_extents - done;
      if (left <= 0) return done;
      const frames = guest.readLongs(extent_start, done, Math.min(left, CHUNK));
      if (frames === undefined) return done === 0 ? -EFAULT : done;
      const changed = change(xen, domain, frames);
      done += changed;
      if (changed < frames.length) return done;
      if (vcpu.preempt(frames.length) && done < nr_extents) return goOnAt(args, done);
    }
  };

/** @see memory.h, XENMEM_decrease_reservation */
export const decrease = reservation(decreaseReservation);

/** @see memory.h, XENMEM_populate_physmap */
export const populate = reservation(populatePhysmap);
