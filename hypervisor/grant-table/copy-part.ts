import {
  GNTST_general_error,
  GTF_permit_access,
  GTF_readonly,
  GTF_sub_page,
  GTF_transitive,
  GTF_type_mask,
} from '../abi/grant-table.ts';
import type {Domain} from '../domain.ts';
import {PAGE_SIZE} from '../memory/index.ts';

/** What a copy may use of a page. */
export interface CopyPart {
  readonly domain: Domain;
  readonly gfn: number;
  readonly startBytes: number;
  readonly endBytes: number;
}

/** What the grant operations know besides. */
export interface CopyGrants {
  /** A domain that is alive. */
  readonly domainById: (domid: number) => Domain | undefined;
  /** Frame of an entry of access, a part of a page or a whole one, or GNTST_*. */
  readonly grantedGfn: (caller: Domain, granter: Domain, ref: number, readonly: boolean) => number;
}

export const wholePage = (domain: Domain, gfn: number): CopyPart => ({domain, gfn, startBytes: 0, endBytes: PAGE_SIZE});

/**
 * What an entry lets `caller` copy, or GNTST_*. In version 2 that may be a part of a page, or what another domain grants
 * to the granter.
 * @see grant_table.h, "Version 2 of the grant entry structure"
 */
export const grantedPart = (
  grants: CopyGrants,
  caller: Domain,
  granter: Domain,
  ref: number,
  readonly: boolean,
): CopyPart | number => {
  const table = granter.grants;
  if (table.version === 2 && ref < table.entries) {
    const {u32} = table.memory;
    const word = table.entryWord(ref);
    const [head, second, third] = u32.subarray(word, word + 3);
    if ((head & GTF_type_mask) === GTF_transitive) {
      if (head >>> 16 !== caller.id || (!readonly && (head & GTF_readonly) !== 0)) return GNTST_general_error;
      return passedOn(grants, granter, {domid: second & 0xffff, ref: third}, readonly);
    }
    return pagePart(grants, caller, granter, ref, readonly, {head, window: second});
  }
  return pagePart(grants, caller, granter, ref, readonly, {head: GTF_permit_access, window: 0});
};

/** One level: what a transitive entry names has to be of access, and of somebody else. */
const passedOn = (
  grants: CopyGrants,
  via: Domain,
  {domid, ref}: {domid: number; ref: number},
  readonly: boolean,
): CopyPart | number => {
  const owner = domid === via.id ? undefined : grants.domainById(domid);
  if (owner === undefined || owner.dying) return GNTST_general_error;
  const {grants: table} = owner;
  const isTransitive =
    table.version === 2 &&
    ref < table.entries &&
    (table.memory.u32[table.entryWord(ref)] & GTF_type_mask) === GTF_transitive;
  return isTransitive ? GNTST_general_error : grantedPart(grants, via, owner, ref, readonly);
};

/** `window` holds page_off and length of a sub_page entry. */
const pagePart = (
  grants: CopyGrants,
  caller: Domain,
  granter: Domain,
  ref: number,
  readonly: boolean,
  {head, window}: {head: number; window: number},
): CopyPart | number => {
  const gfn = grants.grantedGfn(caller, granter, ref, readonly);
  if (gfn < 0) return gfn;
  if ((head & GTF_sub_page) === 0) return wholePage(granter, gfn);
  const startBytes = window & 0xffff;
  return {domain: granter, gfn, startBytes, endBytes: Math.min(startBytes + (window >>> 16), PAGE_SIZE)};
};
