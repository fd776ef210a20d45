import * as abi from '../abi/memory.ts';
import type {Domain} from '../domain.ts';
import {EFAULT, EINVAL, ERESTART, ESRCH} from '../errno.ts';
import type {Hypervisor} from '../hypervisor.ts';
import {DOMID_SELF} from '../ids.ts';
import {decreaseReservation, populatePhysmap} from '../reservation.ts';
import type {Hypercall} from './hypercall.ts';

/** A call that was interrupted carries how far it got in the bits of the command number above the command. */
const EXTENT_SHIFT = 6;
/** Extents that one call may have: as much memory as there can be. */
const MAX_EXTENTS = 1 << 20;
/** Extents between two looks at the time. */
const CHUNK = 256;

/** Frees or fills some frames; returns how many of them, in order, were done. */
type Change = (xen: Hypervisor, domain: Domain, gfns: Uint32Array) => number;

/** Applies a change to a reservation's list of frames; answers how many were done, as Xen does. */
const reservation =
  (change: Change): Hypercall =>
  ({xen, domain, guest, vcpu}, args) => {
    const [cmd, address] = args;
    const arg = guest.read(abi.xen_memory_reservation, address);
    if (arg === undefined) return -EFAULT;
    const {extent_start, nr_extents, extent_order, domid} = arg;
    if (domid !== DOMID_SELF && domid !== domain.id) return -ESRCH;
    if (nr_extents > MAX_EXTENTS || extent_order !== 0) return -EINVAL;
    for (let done = cmd >>> EXTENT_SHIFT; ;) {
      const left = nr_extents - done;
      if (left <= 0) return done;
      const frames = guest.readWords(extent_start + done * 4, Math.min(left, CHUNK));
      if (frames === undefined) return done === 0 ? -EFAULT : done;
      const changed = change(xen, domain, frames);
      done += changed;
      if (changed < frames.length) return done;
      if (vcpu.preempt(frames.length) && done < nr_extents) {
        args[0] = (cmd & ((1 << EXTENT_SHIFT) - 1)) | (done << EXTENT_SHIFT);
        return -ERESTART;
      }
    }
  };

/** @see memory.h, struct xen_memory_reservation */
export const reservations: Readonly<Record<number, Hypercall>> = {
  [abi.XENMEM_decrease_reservation]: reservation(decreaseReservation),
  [abi.XENMEM_populate_physmap]: reservation(populatePhysmap),
};
