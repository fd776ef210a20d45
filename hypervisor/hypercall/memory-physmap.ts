import * as abi from '../abi/memory.ts';
import type {Domain} from '../domain.ts';
import {EFAULT, EINVAL, ESRCH} from '../errno.ts';
import {DOMID_SELF} from '../ids.ts';
import {mapGrantFrame, mapSharedInfo} from '../physmap.ts';
import type {Hypercall} from './hypercall.ts';
import {CHUNK, goOnAt, startOf} from './memory-extents.ts';

type Space = (domain: Domain, index: number, gfn: number) => number;

const spaces: Readonly<Record<number, Space>> = {
  [abi.XENMAPSPACE_shared_info]: (domain, _index, gfn) => mapSharedInfo(domain, gfn),
  [abi.XENMAPSPACE_grant_table]: mapGrantFrame,
};

const addToPhysmap = (domain: Domain, domid: number, space: number, index: number, gfn: number): number => {
  if (domid !== DOMID_SELF && domid !== domain.id) return -ESRCH;
  return spaces[space]?.(domain, index, gfn) ?? -EINVAL;
};

/** @see memory.h, struct xen_add_to_physmap */
export const addOne: Hypercall = ({domain, guest}, [, address]) => {
  const arg = guest.read(abi.xen_add_to_physmap, address);
  return arg === undefined ? -EFAULT : addToPhysmap(domain, arg.domid, arg.space, arg.idx, arg.gpfn);
};

/** Each entry has its own result. @see memory.h, struct xen_add_to_physmap_batch */
export const addBatch: Hypercall = ({domain, guest, vcpu}, args) => {
  const arg = guest.read(abi.xen_add_to_physmap_batch, args[1]);
  if (arg === undefined) return -EFAULT;
  const {domid, space, size, idxs, gpfns, errs} = arg;
  for (let next = startOf(args); next < size;) {
    const count = Math.min(size - next, CHUNK);
    const indexes = guest.readLongs(idxs, next, count);
    const frames = guest.readLongs(gpfns, next, count);
    if (indexes === undefined || frames === undefined) return -EFAULT;
    const results = indexes.map((index, i) => addToPhysmap(domain, domid, space, index, frames[i]));
    if (!guest.writeWords(errs + next * 4, results)) return -EFAULT;
    next += count;
    if (vcpu.preempt(count) && next < size) return goOnAt(args, next);
  }
  return 0;
};
