import {GNTTAB_NR_RESERVED_ENTRIES, GTF_permit_access, GTF_transitive, GTF_type_mask} from '../abi/grant-table.ts';
import type {Domain} from '../domain.ts';
import {EBUSY, EINVAL, ENOSYS, ERANGE} from '../errno.ts';
import {PAGE_SIZE} from '../memory/index.ts';
import {type GrantTable, NO_FRAME} from './grant-table.ts';
import {StatusFrames, statusFramesFor} from './status-frames.ts';

/** A reserved entry, which outlasts the change. */
interface Kept {
  /** Flags and domid. */
  readonly head: number;
  readonly frame: number;
  readonly use: number;
}

/**
 * GNTTABOP_set_version: empties the table but for the reserved entries, which console and store keep mapped. Returns 0 or
 * -EINVAL, -ENOSYS (the domain may have no such table), -EBUSY (entries are mapped), -ERANGE (a reserved entry cannot be
 * told in version 1).
 */
export const setVersion = ({grants, grantStatusGfn, maxGrantVersion}: Domain, version: number): number => {
  if (version !== 1 && version !== 2) return -EINVAL;
  if (version > maxGrantVersion) return -ENOSYS;
  if (version === grants.version) return 0;
  for (const {ref} of grants.pinnedRefs()) if (ref >= GNTTAB_NR_RESERVED_ENTRIES) return -EBUSY;
  if (version === 1 && !canBeVersion1(grants)) return -ERANGE;
  const kept = Array.from({length: GNTTAB_NR_RESERVED_ENTRIES}, (_, ref) => keep(grants, ref));
  for (const offset of grants.offsets) grants.memory.u32.fill(0, offset >>> 2, (offset + PAGE_SIZE) >>> 2);
  grants.setLayout(
    version === 1
      ? undefined
      : new StatusFrames(grants.memory, grantStatusGfn * PAGE_SIZE, statusFramesFor(grants.maxFrames)),
  );
  for (const [ref, entry] of kept.entries()) putBack(grants, ref, entry);
  return 0;
};

const canBeVersion1 = (grants: GrantTable): boolean => {
  for (let ref = 0; ref < GNTTAB_NR_RESERVED_ENTRIES; ref++) {
    const word = grants.entryWord(ref);
    const type = grants.memory.u32[word] & GTF_type_mask;
    if (type === GTF_transitive || (type === GTF_permit_access && grants.frameAt(word) === NO_FRAME)) return false;
  }
  return true;
};

const keep = (grants: GrantTable, ref: number): Kept => {
  const word = grants.entryWord(ref);
  const use = grants.useOf(ref);
  return {head: (grants.memory.u32[word] & ~use) >>> 0, frame: grants.frameAt(word), use};
};

const putBack = (grants: GrantTable, ref: number, {head, frame, use}: Kept): void => {
  const word = grants.entryWord(ref);
  grants.memory.u32[word + grants.frameWord] = frame;
  grants.memory.u32[word] = head;
  if (grants.status === undefined) grants.memory.u32[word] |= use;
  else grants.status.set(ref, use);
};
