import {
  GNTMAP_readonly,
  GNTTAB_NR_RESERVED_ENTRIES,
  GTF_permit_access,
  GTF_readonly,
  GTF_transitive,
  GTF_type_mask,
} from '../../hypervisor/abi/grant-table.ts';
import type {Domain, Hypervisor} from '../../hypervisor/index.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import type {Breaches} from './breach.ts';
import type {DeviceBook, WatchedDevice} from './device.ts';
import {deviceKinds} from './kinds.ts';

/** What a frontend has published a reference for, the last time. */
interface Offer {
  readonly device: WatchedDevice;
  readonly writable: boolean;
}

/** A page of somebody else's that a domain has mapped. */
interface Mapping {
  readonly granter: Domain;
  readonly ref: number;
  /** As the entry had it when it was mapped. */
  readonly gfn: number;
  readonly device: WatchedDevice | undefined;
}

const REFUSED_GRANT = 'refusedGrant';
const NOTHING = -1;

export interface GrantWatchParts {
  readonly xen: Hypervisor;
  readonly book: DeviceBook;
  readonly breaches: Breaches;
  readonly isWatched: (domid: number) => boolean;
  /** Reads what has been published since the last look. */
  readonly look: () => void;
}

/**
 * Grants between the two ends of the watched devices: what a frontend offers has to be live, what a backend maps has to be
 * offered, and what is mapped has to stay as it is.
 */
export class GrantWatch {
  private readonly xen: Hypervisor;
  private readonly book: DeviceBook;
  private readonly breaches: Breaches;
  private readonly isWatched: (domid: number) => boolean;
  /** By granter, then by reference. */
  private readonly offers = new Map<number, (Offer | undefined)[]>();
  /** By mapper, then by handle. */
  private readonly mappings = new Map<number, (Mapping | undefined)[]>();
  private readonly look: () => void;
  /** The next map that fails was refused by the simulation, not for what anybody did. */
  private isRefused = false;

  constructor(parts: GrantWatchParts) {
    this.xen = parts.xen;
    this.book = parts.book;
    this.breaches = parts.breaches;
    this.isWatched = parts.isWatched;
    this.look = parts.look;
  }

  /** The frontend hands a reference to its backend. Returns the frame, or -1 when the entry does not let it in. */
  offered(device: WatchedDevice, ref: number, writable: boolean, what: string): number {
    const {front, back} = device;
    const granter = this.xen.domain(front.domid);
    if (granter === undefined) return NOTHING;
    const isThere = ref < granter.grants.entries;
    if (isThere) listOf(this.offers, front.domid)[ref] = {device, writable};
    if (!isThere || !isLive(granter, ref, back.domid)) {
      const done = `published reference ${ref} for ${what}, which is not granted to d${back.domid}`;
      this.breaches.report(device.name, front.domid, 'GRANT-TBL-06', done, 'references of live entries');
      return NOTHING;
    }
    if (writable && (headOf(granter, ref) & GTF_readonly) !== 0) {
      const done = `published reference ${ref}, granted for reading only, for ${what} that is written to`;
      this.breaches.report(device.name, front.domid, 'GRANT-MAP-02', done, 'a page granted for writing');
    }
    return frameOf(granter, ref);
  }

  /** A reference that was published still lets the backend use that frame. */
  grants({front, back}: WatchedDevice, ref: number, gfn: number): boolean {
    const granter = this.xen.domain(front.domid);
    return granter !== undefined && isLive(granter, ref, back.domid) && frameOf(granter, ref) === gfn;
  }

  fault(kind: string): void {
    if (kind === REFUSED_GRANT) this.isRefused = true;
  }

  mapped(mapper: number, granterDomid: number, ref: number, flags: number, handle: number): void {
    const isRefused = this.isRefused && handle < 0;
    this.isRefused = false;
    const granter = this.xen.domain(granterDomid);
    if (isRefused || granter === undefined || !this.isWatched(granterDomid)) return;
    if (this.offers.get(granterDomid)?.[ref] === undefined) this.look();
    const offer = this.offers.get(granterDomid)?.[ref];
    if (offer?.device.back.domid !== mapper) this.mappedUnoffered(mapper, granterDomid, ref);
    if (handle < 0) {
      if (offer !== undefined) this.refused(offer, mapper, granter, ref, (flags & GNTMAP_readonly) === 0);
      return;
    }
    const gfn = (this.xen.domain(mapper)?.maptrack.offset(handle) ?? 0) / PAGE_SIZE;
    listOf(this.mappings, mapper)[handle] = {granter, ref, gfn, device: offer?.device};
  }

  /** Returns what was mapped, if that is known. */
  unmapped(mapper: number, handle: number, result: number): Mapping | undefined {
    const mappings = this.mappings.get(mapper);
    const mapping = mappings?.[handle];
    if (mappings === undefined || mapping === undefined || result !== 0) return undefined;
    mappings[handle] = undefined;
    if (!mapping.granter.dying) this.checkEntry(mapper, mapping);
    return mapping;
  }

  /** Pages of a domain that others have mapped. */
  *mappingsOf(granter: Domain): IterableIterator<{mapper: number; device: WatchedDevice | undefined}> {
    for (const [mapper, mappings] of this.mappings) {
      for (const mapping of mappings) if (mapping?.granter === granter) yield {mapper, device: mapping.device};
    }
  }

  countMapped(device: WatchedDevice): number {
    let count = 0;
    for (const mapping of this.mappings.get(device.back.domid) ?? []) if (mapping?.device === device) count++;
    return count;
  }

  /** References that a domain has published, with their devices. */
  *offersOf(granterDomid: number): IterableIterator<[ref: number, device: WatchedDevice]> {
    for (const [ref, offer] of (this.offers.get(granterDomid) ?? []).entries())
      if (offer !== undefined) yield [ref, offer.device];
  }

  forgetGuest(domid: number): void {
    this.offers.delete(domid);
  }

  /** A reference that was published cannot be mapped: either it is not what it was, or more is wanted than it gives. */
  private refused({device, writable}: Offer, mapper: number, granter: Domain, ref: number, forWriting: boolean): void {
    if (granter.dying || device.isGone) return;
    if (!isLive(granter, ref, mapper)) {
      const done = `took reference ${ref} back before what it was published for was done`;
      this.breaches.report(device.name, granter.id, 'GRANT-TBL-06', done, 'a live entry until the answer');
    } else if (forWriting && !writable && (headOf(granter, ref) & GTF_readonly) !== 0) {
      const done = `mapped reference ${ref} for writing, which was granted for reading`;
      this.breaches.report(device.name, mapper, 'GRANT-MAP-02', done, 'no more than was granted');
    }
  }

  private mappedUnoffered(mapper: number, granter: number, ref: number): void {
    const entries = this.xen.domain(granter)?.grants.entries ?? 0;
    if (ref < GNTTAB_NR_RESERVED_ENTRIES || ref >= entries) return;
    const devices = this.book.ofGuest(granter).filter(({back, isGone}) => back.domid === mapper && !isGone);
    // Of protocols that are not known here it is not known either what they publish.
    if (devices.some(({type, hasUnseen}) => hasUnseen || deviceKinds[type]?.tellsPages !== true)) return;
    const name = devices.length === 1 ? devices[0].name : `d${granter}`;
    const done = `mapped reference ${ref} of d${granter}, which was never published`;
    this.breaches.report(name, mapper, 'XENBUS-SM-05', done, 'what the frontend has published for the backend');
  }

  /** What was mapped has to be the same until it is let go of. */
  private checkEntry(mapper: number, {granter, ref, gfn, device}: Mapping): void {
    const head = headOf(granter, ref);
    const name = device?.name ?? `d${granter.id}`;
    const legal = 'an entry is left alone while it is mapped';
    if ((head & GTF_type_mask) !== GTF_permit_access)
      this.breaches.report(name, granter.id, 'GRANT-TBL-07', `took reference ${ref} back from d${mapper}`, legal);
    else if (head >>> 16 !== mapper || frameOf(granter, ref) !== gfn)
      this.breaches.report(name, granter.id, 'GRANT-TBL-12', `used reference ${ref} anew, which d${mapper} has`, legal);
  }
}

/** Flags and grantee of a reference in the granter's table. @see grant_table.h, struct grant_entry_v1, grant_entry_header */
const headOf = ({grants, memory}: Domain, ref: number): number => memory.u32[grants.entryWord(ref)];

const frameOf = ({grants}: Domain, ref: number): number => grants.frameAt(grants.entryWord(ref));

const isLive = (granter: Domain, ref: number, grantee: number): boolean => {
  const head = headOf(granter, ref);
  const type = head & GTF_type_mask;
  return (type === GTF_permit_access || type === GTF_transitive) && head >>> 16 === grantee;
};

/** The list under a key; a new one if there is none. */
const listOf = <T>(lists: Map<number, T[]>, key: number): T[] => {
  const known = lists.get(key) ?? [];
  lists.set(key, known);
  return known;
};
