import {
  GNTCOPY_dest_gref,
  GNTCOPY_source_gref,
  GNTMAP_device_map,
  GNTMAP_host_map,
  GNTMAP_readonly,
  GNTST_bad_copy_arg,
  GNTST_bad_domain,
  GNTST_bad_gntref,
  GNTST_bad_handle,
  GNTST_bad_page,
  GNTST_eagain,
  GNTST_general_error,
  GNTST_okay,
  GNTST_permission_denied,
  GTF_accept_transfer,
  GTF_permit_access,
  GTF_readonly,
  GTF_sub_page,
  GTF_transfer_committed,
  GTF_transfer_completed,
  GTF_type_mask,
} from '../abi/grant-table.ts';
import type {Domain} from '../domain.ts';
import {EPERM, ESRCH} from '../errno.ts';
import {DOMID_SELF, type Gfn} from '../ids.ts';
import {PAGE_SIZE} from '../memory/index.ts';
import type {FaultPlan} from '../schedule/index.ts';
import type {Tracer} from '../trace/index.ts';
import {type CopyGrants, type CopyPart, grantedPart, wholePage} from './copy-part.ts';
import {setVersion} from './set-version.ts';
import {statusFramesFor} from './status-frames.ts';

export interface GrantTableSize {
  /** GNTST_* */
  status: number;
  nrFrames: number;
  maxNrFrames: number;
}

const MAP_KINDS = GNTMAP_host_map | GNTMAP_device_map;
/** A part of a page can be copied, not mapped. */
const MAPPABLE = GTF_type_mask | GTF_sub_page;

/**
 * Grant operations of the hypervisor. Each takes the calling domain first; results are GNTST_*
 * (0 or negative), map's is a handle when >= 0.
 * @see grant_table.h
 */
export class Grants {
  private readonly domainById: (domid: number) => Domain | undefined;
  private readonly onUnpinned: (granter: Domain) => void;
  private readonly trace: Tracer;
  private readonly faults: FaultPlan;
  private readonly copyGrants: CopyGrants;
  /** Whom the last operation was about: backends work through one guest's requests at a time. */
  private latest: Domain | undefined;

  constructor(
    domainById: (domid: number) => Domain | undefined,
    onUnpinned: (granter: Domain) => void,
    trace: Tracer,
    faults: FaultPlan,
  ) {
    this.domainById = domainById;
    this.onUnpinned = onUnpinned;
    this.trace = trace;
    this.faults = faults;
    this.copyGrants = {
      domainById,
      grantedGfn: (caller, granter, ref, readonly) => this.grantedGfn(caller, granter, ref, readonly, GTF_type_mask),
    };
  }

  /** GNTTABOP_map_grant_ref. `flags` are GNTMAP_*. */
  map(caller: Domain, granterDomid: number, ref: number, flags: number): number {
    const result = this.doMap(caller, granterDomid, ref, flags);
    if (this.trace.on) this.trace.emit('gnttab_map', caller.id, granterDomid, ref, flags, result);
    return result;
  }

  /**
   * A list of map operations in one hypercall, all or none: `refs`, `handles` and the byte `offsets` of the mapped pages
   * in the granter's memory are used from `at` on. Returns GNTST_okay, or what the first that failed returned.
   */
  mapMany(
    caller: Domain,
    granterDomid: number,
    refs: Uint32Array,
    flags: number,
    handles: Int32Array,
    offsets: Float64Array,
    at: number,
    count: number,
  ): number {
    const granter = this.resolve(caller, granterDomid);
    if (granter === undefined || granter.dying) return GNTST_bad_domain;
    if ((flags & MAP_KINDS) === 0) return GNTST_bad_gntref;
    // Mapped here rather than by map(): what is the same for all is looked up once.
    const {grants} = granter;
    const {maptrack} = caller;
    const readonly = (flags & GNTMAP_readonly) !== 0;
    for (let i = at; i < at + count; i++) {
      const ref = refs[i];
      const gfn = this.grantedGfn(caller, granter, ref, readonly, MAPPABLE);
      const handle = gfn < 0 ? gfn : maptrack.add(granter, ref, gfn, flags);
      if (this.trace.on) this.trace.emit('gnttab_map', caller.id, granterDomid, ref, flags, handle);
      if (handle < 0) {
        this.unmapMany(caller, handles, at, i - at);
        return handle;
      }
      grants.pin(ref, gfn, caller.id, !readonly);
      handles[i] = handle;
      offsets[i] = gfn * PAGE_SIZE;
    }
    return GNTST_okay;
  }

  /** Unmaps `handles` from `at` on, which the caller has mapped. */
  unmapMany(caller: Domain, handles: Int32Array, at: number, count: number): void {
    for (let i = at; i < at + count; i++) {
      this.endMapping(caller, handles[i]);
      if (this.trace.on) this.trace.emit('gnttab_unmap', caller.id, handles[i], GNTST_okay);
    }
  }

  /** GNTTABOP_unmap_grant_ref. */
  unmap(caller: Domain, handle: number): number {
    const result = this.doUnmap(caller, handle);
    if (this.trace.on) this.trace.emit('gnttab_unmap', caller.id, handle, result);
    return result;
  }

  /** Gives back every mapping that a dying domain holds. */
  unmapAll(mapper: Domain): void {
    for (const handle of mapper.maptrack.live()) this.unmap(mapper, handle);
  }

  /**
   * GNTTABOP_copy of `len` bytes within one page each side. Arguments are plain numbers: this is the hot path of
   * network receive.
   */
  copy(
    caller: Domain,
    srcDomid: number,
    srcRefOrGfn: number,
    srcOffset: number,
    dstDomid: number,
    dstRefOrGfn: number,
    dstOffset: number,
    len: number,
    flags: number,
  ): number {
    const result = this.doCopy(caller, srcDomid, srcRefOrGfn, srcOffset, dstDomid, dstRefOrGfn, dstOffset, len, flags);
    if (this.trace.on) this.trace.emit('gnttab_copy', caller.id, srcRefOrGfn, dstRefOrGfn, len, result);
    return result;
  }

  /** GNTTABOP_transfer: gives the caller's frame to a domain that offered `ref` with GTF_accept_transfer. */
  transfer(caller: Domain, gfn: Gfn, toDomid: number, ref: number): number {
    const result = this.doTransfer(caller, gfn, toDomid, ref);
    if (this.trace.on) this.trace.emit('gnttab_transfer', caller.id, gfn, toDomid, ref, result);
    return result;
  }

  /** GNTTABOP_query_size. */
  querySize(caller: Domain, domid: number): GrantTableSize {
    const domain = this.resolve(caller, domid);
    if (domain === undefined) return {status: GNTST_bad_domain, nrFrames: 0, maxNrFrames: 0};
    if (domain !== caller && !caller.privileged) return {status: GNTST_permission_denied, nrFrames: 0, maxNrFrames: 0};
    return {status: GNTST_okay, nrFrames: domain.grants.frames, maxNrFrames: domain.grants.maxFrames};
  }

  /** GNTTABOP_setup_table: grows the table to `nrFrames`; the frames come from the domain's reserved area. */
  setupTable(caller: Domain, domid: number, nrFrames: number): number {
    const domain = this.resolve(caller, domid);
    if (domain === undefined) return GNTST_bad_domain;
    if (domain !== caller && !caller.privileged) return GNTST_permission_denied;
    if (nrFrames > domain.grants.maxFrames) return GNTST_general_error;
    for (let index = domain.grants.frames; index < nrFrames; index++) {
      domain.grants.placeFrame(index, (domain.grantFramesGfn + index) * PAGE_SIZE);
    }
    return GNTST_okay;
  }

  /** GNTTABOP_set_version of the caller's table. Returns 0 or -errno. */
  setVersion(caller: Domain, version: number): number {
    return setVersion(caller, version);
  }

  /** GNTTABOP_get_version. A version, or -errno. */
  getVersion(caller: Domain, domid: number): number {
    const domain = this.resolve(caller, domid);
    if (domain === undefined) return -ESRCH;
    return domain === caller || caller.privileged ? domain.grants.version : -EPERM;
  }

  /** GNTTABOP_get_status_frames: byte offsets of the first `count` status frames of a version 2 table, or GNTST_*. */
  statusFrames(caller: Domain, domid: number, count: number): readonly number[] | number {
    const domain = this.resolve(caller, domid);
    if (domain === undefined) return GNTST_bad_domain;
    if (domain !== caller && !caller.privileged) return GNTST_permission_denied;
    const {status, frames} = domain.grants;
    if (status === undefined || count > statusFramesFor(frames)) return GNTST_general_error;
    return status.offsets.slice(0, count);
  }

  /** GNTTABOP_swap_grant_ref: exchanges two entries of the caller's that nobody uses. */
  swapRefs(caller: Domain, refA: number, refB: number): number {
    const {grants} = caller;
    if (refA >= grants.entries || refB >= grants.entries) return GNTST_bad_gntref;
    if (refA === refB) return GNTST_okay;
    if (grants.isPinned(refA) || grants.isPinned(refB)) return GNTST_eagain;
    grants.swap(refA, refB);
    return GNTST_okay;
  }

  private doMap(caller: Domain, granterDomid: number, ref: number, flags: number): number {
    const granter = this.resolve(caller, granterDomid);
    if (granter === undefined || granter.dying) return GNTST_bad_domain;
    if ((flags & MAP_KINDS) === 0) return GNTST_bad_gntref;
    const readonly = (flags & GNTMAP_readonly) !== 0;
    const gfn = this.grantedGfn(caller, granter, ref, readonly, MAPPABLE);
    if (gfn < 0) return gfn;
    const handle = caller.maptrack.add(granter, ref, gfn, flags);
    if (handle >= 0) granter.grants.pin(ref, gfn, caller.id, !readonly);
    return handle;
  }

  private doUnmap(caller: Domain, handle: number): number {
    if (!caller.maptrack.isLive(handle)) return GNTST_bad_handle;
    this.endMapping(caller, handle);
    return GNTST_okay;
  }

  private endMapping({maptrack}: Domain, handle: number): void {
    const granter = maptrack.granter(handle);
    const isWritable = (maptrack.flagsOf(handle) & GNTMAP_readonly) === 0;
    granter.grants.unpin(maptrack.ref(handle), isWritable);
    if (isWritable) granter.memory.onForeignWrite?.(maptrack.offset(handle), PAGE_SIZE);
    maptrack.remove(handle);
    if (granter.dying && granter.grants.pinned === 0) this.onUnpinned(granter);
  }

  private doCopy(
    caller: Domain,
    srcDomid: number,
    srcRefOrGfn: number,
    srcOffset: number,
    dstDomid: number,
    dstRefOrGfn: number,
    dstOffset: number,
    len: number,
    flags: number,
  ): number {
    if (len === 0) return GNTST_okay;
    if (srcOffset + len > PAGE_SIZE || dstOffset + len > PAGE_SIZE) return GNTST_bad_copy_arg;
    const src = this.resolve(caller, srcDomid);
    const dst = this.resolve(caller, dstDomid);
    if (src === undefined || dst === undefined || src.dying || dst.dying) return GNTST_bad_domain;
    const ofVersion2 =
      ((flags & GNTCOPY_source_gref) !== 0 && src.grants.version === 2) ||
      ((flags & GNTCOPY_dest_gref) !== 0 && dst.grants.version === 2);
    if (ofVersion2) return this.copyParts(caller, src, srcRefOrGfn, srcOffset, dst, dstRefOrGfn, dstOffset, len, flags);
    const srcGfn = this.copyGfn(caller, src, srcRefOrGfn, (flags & GNTCOPY_source_gref) !== 0, true);
    if (srcGfn < 0) return srcGfn;
    const dstGfn = this.copyGfn(caller, dst, dstRefOrGfn, (flags & GNTCOPY_dest_gref) !== 0, false);
    if (dstGfn < 0) return dstGfn;
    copyBytes(src, srcGfn * PAGE_SIZE + srcOffset, dst, dstGfn * PAGE_SIZE + dstOffset, len);
    return GNTST_okay;
  }

  /** A copy where an entry may stand for less than a page, or for another domain's. */
  private copyParts(
    caller: Domain,
    src: Domain,
    srcRefOrGfn: number,
    srcOffset: number,
    dst: Domain,
    dstRefOrGfn: number,
    dstOffset: number,
    len: number,
    flags: number,
  ): number {
    const from = this.copyPart(caller, src, srcRefOrGfn, (flags & GNTCOPY_source_gref) !== 0, true);
    if (typeof from === 'number') return from;
    const to = this.copyPart(caller, dst, dstRefOrGfn, (flags & GNTCOPY_dest_gref) !== 0, false);
    if (typeof to === 'number') return to;
    if (srcOffset < from.startBytes || srcOffset + len > from.endBytes) return GNTST_general_error;
    if (dstOffset < to.startBytes || dstOffset + len > to.endBytes) return GNTST_general_error;
    copyBytes(from.domain, from.gfn * PAGE_SIZE + srcOffset, to.domain, to.gfn * PAGE_SIZE + dstOffset, len);
    return GNTST_okay;
  }

  private copyPart(
    caller: Domain,
    domain: Domain,
    refOrGfn: number,
    isRef: boolean,
    readonly: boolean,
  ): CopyPart | number {
    if (isRef) return grantedPart(this.copyGrants, caller, domain, refOrGfn, readonly);
    const gfn = this.copyGfn(caller, domain, refOrGfn, false, readonly);
    return gfn < 0 ? gfn : wholePage(domain, gfn);
  }

  private copyGfn(caller: Domain, domain: Domain, refOrGfn: number, isRef: boolean, readonly: boolean): number {
    if (isRef) return this.grantedGfn(caller, domain, refOrGfn, readonly, GTF_type_mask);
    if (domain !== caller) return GNTST_permission_denied;
    return domain.memory.isPopulated(refOrGfn) ? refOrGfn : GNTST_bad_page;
  }

  /**
   * Frame of an entry that `caller` may use, or the GNTST_* that says why not. `checked` are the flags that have to be
   * GTF_permit_access. An entry that is mapped stands for what it was at the first mapping.
   */
  private grantedGfn(caller: Domain, granter: Domain, ref: number, readonly: boolean, checked: number): number {
    const {grants, memory} = granter;
    if (ref >= grants.entries) return GNTST_bad_gntref;
    if (this.faults.active && this.faults.hit('refusedGrant')) return GNTST_general_error;
    const word = grants.entryWord(ref);
    const head = memory.u32[word];
    const refusesWrites = (head & GTF_readonly) !== 0;
    if (grants.isPinned(ref)) {
      if (grants.pinnedDomid(ref) !== caller.id) return GNTST_general_error;
      if (!readonly && refusesWrites && grants.pinnedWriters(ref) === 0) return GNTST_general_error;
      return grants.pinnedGfn(ref);
    }
    if ((head & checked) !== GTF_permit_access || head >>> 16 !== caller.id) return GNTST_general_error;
    if (!readonly && refusesWrites) return GNTST_general_error;
    const gfn = grants.frameAt(word);
    return memory.isPopulated(gfn) ? gfn : GNTST_bad_page;
  }

  private doTransfer(caller: Domain, gfn: Gfn, toDomid: number, ref: number): number {
    if (!caller.memory.isPopulated(gfn) || caller.isFrameInUse(gfn)) return GNTST_bad_page;
    const to = this.resolve(caller, toDomid);
    if (to === undefined || to === caller || to.dying) return GNTST_bad_domain;
    if (ref >= to.grants.entries) return GNTST_bad_gntref;
    const word = to.grants.entryWord(ref);
    const head = to.memory.u32[word];
    if ((head & GTF_type_mask) !== GTF_accept_transfer || head >>> 16 !== caller.id) return GNTST_bad_gntref;
    if ((head & GTF_transfer_committed) !== 0) return GNTST_bad_gntref;
    const target = to.grants.frameAt(word) as Gfn;
    // A translated domain says in `frame` where the page is to appear: that has to be a hole.
    if (target >= to.memory.pages || to.memory.isPopulated(target)) return GNTST_general_error;
    to.memory.u32[word] |= GTF_transfer_committed;
    to.memory.fillHole(target);
    copyBytes(caller, gfn * PAGE_SIZE, to, target * PAGE_SIZE, PAGE_SIZE);
    caller.memory.punchHole(gfn);
    to.memory.u32[word] |= GTF_transfer_completed;
    return GNTST_okay;
  }

  private resolve(caller: Domain, domid: number): Domain | undefined {
    if (domid === DOMID_SELF || domid === caller.id) return caller;
    const {latest} = this;
    if (latest?.id === domid && !latest.dying) return latest;
    this.latest = this.domainById(domid);
    return this.latest;
  }
}

/** Below this a loop beats the call into TypedArray.set. */
const SHORT_COPY = 64;

const copyBytes = (src: Domain, from: number, dst: Domain, to: number, len: number): void => {
  dst.memory.onForeignWrite?.(to, len);
  if (len > SHORT_COPY) {
    dst.memory.u8.set(src.memory.u8.subarray(from, from + len), to);
    return;
  }
  const words = ((from | to) & 3) === 0 ? len >>> 2 : 0;
  copyWords(src.memory.u32, from >>> 2, dst.memory.u32, to >>> 2, words);
  const source = src.memory.u8;
  const target = dst.memory.u8;
  for (let i = words * 4; i < len; i++) target[to + i] = source[from + i];
};

const copyWords = (source: Uint32Array, from: number, target: Uint32Array, to: number, words: number): void => {
  for (let i = 0; i < words; i++) target[to + i] = source[from + i];
};
