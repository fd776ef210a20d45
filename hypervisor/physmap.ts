import {XENMAPIDX_grant_table_status} from './abi/memory.ts';
import {EINVAL, ENOMEM} from './errno.ts';
import type {Domain} from './domain.ts';
import type {Gfn} from './ids.ts';
import {PAGE_SIZE} from './memory/index.ts';

/**
 * What a translated guest does to its physical address space. In place of remapping, the bytes of a frame of the
 * hypervisor's move to the frame that the guest asks for. Each returns 0 or -errno.
 * @see memory.h, XENMEM_add_to_physmap
 */

/** XENMAPSPACE_shared_info: the shared_info page lies at `gfn` from now on. */
export const mapSharedInfo = (domain: Domain, gfn: number): number => {
  if (gfn >= domain.memory.pages) return -EINVAL;
  moveFrame(domain, domain.sharedInfo.base, gfn as Gfn);
  domain.sharedInfo.move(gfn * PAGE_SIZE);
  return 0;
};

/**
 * XENMAPSPACE_grant_table: frame `index` of the grant table lies at `gfn`; the table grows as far as that. With
 * XENMAPIDX_grant_table_status it is a status frame of a version 2 table.
 */
export const mapGrantFrame = (domain: Domain, index: number, gfn: number): number => {
  const {grants} = domain;
  if ((index & XENMAPIDX_grant_table_status) !== 0)
    return mapStatusFrame(domain, (index & ~XENMAPIDX_grant_table_status) >>> 0, gfn);
  if (gfn >= domain.memory.pages || index >= grants.maxFrames) return -EINVAL;
  for (let next = grants.frames; next <= index; next++) {
    grants.placeFrame(next, (domain.grantFramesGfn + next) * PAGE_SIZE);
  }
  moveFrame(domain, grants.offsets[index], gfn as Gfn);
  grants.placeFrame(index, gfn * PAGE_SIZE);
  return 0;
};

const mapStatusFrame = (domain: Domain, index: number, gfn: number): number => {
  const {status} = domain.grants;
  if (status === undefined || index >= status.offsets.length || gfn >= domain.memory.pages) return -EINVAL;
  moveFrame(domain, status.offsets[index], gfn as Gfn);
  status.placeFrame(index, gfn * PAGE_SIZE);
  return 0;
};

/** The frame is given back to the host; what was in it is gone. -EINVAL while somebody else uses it. */
export const releaseFrame = (domain: Domain, gfn: number): number => {
  if (!domain.memory.isPopulated(gfn) || domain.isFrameInUse(gfn)) return -EINVAL;
  domain.memory.punchHole(gfn as Gfn);
  return 0;
};

/** An empty frame appears at `gfn`, which was a hole. */
export const populateFrame = (domain: Domain, gfn: number): number => {
  if (gfn >= domain.memory.pages || domain.memory.isPopulated(gfn)) return -ENOMEM;
  domain.memory.fillHole(gfn as Gfn);
  return 0;
};

const moveFrame = ({memory}: Domain, from: number, gfn: Gfn): void => {
  memory.fillHole(gfn);
  memory.u8.copyWithin(gfn * PAGE_SIZE, from, from + PAGE_SIZE);
};
