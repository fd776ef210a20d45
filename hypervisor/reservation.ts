import type {Domain} from './domain.ts';
import type {Hypervisor} from './hypervisor.ts';
import {populateFrame, releaseFrame} from './physmap.ts';

/**
 * A domain's balloon: frames that it gives back to the host and gets from it again. Each takes frames in order and
 * returns how many it did: it ends at the first that cannot be done.
 */

/** @see memory.h, XENMEM_decrease_reservation */
export const decreaseReservation = (xen: Hypervisor, domain: Domain, gfns: ArrayLike<number>): number => {
  let done = 0;
  while (done < gfns.length && releaseFrame(domain, gfns[done]) === 0) done++;
  if (done > 0) xen.accountPages(domain, -done);
  return done;
};

/** @see memory.h, XENMEM_populate_physmap */
export const populatePhysmap = (xen: Hypervisor, domain: Domain, gfns: ArrayLike<number>): number => {
  const most = Math.min(gfns.length, xen.roomFor(domain));
  let done = 0;
  while (done < most && populateFrame(domain, gfns[done]) === 0) done++;
  if (done > 0) xen.accountPages(domain, done);
  return done;
};
