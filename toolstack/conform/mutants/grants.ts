import type {Grants} from '../../../hypervisor/grant-table/index.ts';
import type {Domain, Hypervisor} from '../../../hypervisor/index.ts';
import type {Hook} from '../seam/layer.ts';
import {inEachDomain, inHypervisor, instead} from './host.ts';
import type {Mutant} from './mutant.ts';

const GTF_permit_access = 1;
const GTF_type_mask = 3;
const GTF_readonly = 4;
const GTF_reading = 8;
const GTF_writing = 16;
const GTF_sub_page = 256;
const GNTCOPY_source_gref = 1;

type Operation = 'map' | 'unmap' | 'copy' | 'querySize' | 'setupTable' | 'unmapAll' | 'statusFrames' | 'setVersion';

/** A fault of one grant operation. */
export const inGrants = <K extends Operation>(name: string, operation: K, hook: Hook<Grants[K]>): Mutant =>
  inHypervisor(name, ({grants}) => instead(grants, operation, hook));

/** One answer in place of another, of any grant operation that answers a status. */
export const grantAnswers = (
  operation: 'map' | 'unmap' | 'copy' | 'setupTable' | 'setVersion' | 'swapRefs',
  due: number,
  other: number,
): Mutant =>
  inHypervisor(`answers ${other} to ${operation} where ${due} is due`, ({grants}) =>
    instead(grants, operation, ((real: (...args: unknown[]) => number, ...args: unknown[]) => {
      const result = real(...args);
      return result === due ? other : result;
    }) as never),
  );

/** Runs an operation with the entry's words as they are not. */
const withEntry = (
  {memory, grants}: Domain,
  ref: number,
  change: (head: number) => number,
  run: () => number,
): number => {
  if (ref >= grants.entries) return run();
  const word = grants.entryWord(ref);
  const head = memory.u32[word];
  const changed = change(head);
  memory.u32[word] = changed;
  const result = run();
  // What the operation itself did to the flags stays.
  memory.u32[word] = (head ^ (memory.u32[word] ^ changed)) >>> 0;
  return result;
};

const mapsEntries = (name: string, change: (head: number) => number): Mutant =>
  inHypervisor(name, (xen) =>
    instead(xen.grants, 'map', (real, caller, domid, ref, flags) => {
      const granter = xen.domain(domid);
      const run = (): number => real(caller, domid, ref, flags);
      return granter === undefined ? run() : withEntry(granter, ref, change, run);
    }),
  );

export const mapsType = (type: number): Mutant =>
  mapsEntries(`maps entries of type ${type}`, (head) =>
    (head & GTF_type_mask) === type ? (head & ~GTF_type_mask) | GTF_permit_access : head,
  );

export const mapsSubPages = mapsEntries('maps parts of a page', (head) => head & ~GTF_sub_page);

/** Ignores the type of entries whose type is not access, and GTF_readonly, for copies. */
export const copiesToReadonly = inHypervisor('writes to readonly grants', (xen) =>
  instead(xen.grants, 'copy', (real, caller, src, srcRef, srcOffset, dst, dstRef, dstOffset, len, flags) => {
    const granter = xen.domain(dst);
    const run = (): number => real(caller, src, srcRef, srcOffset, dst, dstRef, dstOffset, len, flags);
    return granter === undefined ? run() : withEntry(granter, dstRef, (head) => head & ~GTF_readonly, run);
  }),
);

/** Takes the frame of a reference as it was at the first copy. */
export const remembersFrames = inHypervisor('remembers the frames of references', (xen) => {
  const frames = new Map<string, number>();
  instead(xen.grants, 'copy', (real, caller, src, srcRef, srcOffset, dst, dstRef, dstOffset, len, flags) => {
    const granter = xen.domain(src);
    const run = (): number => real(caller, src, srcRef, srcOffset, dst, dstRef, dstOffset, len, flags);
    if (granter === undefined || (flags & GNTCOPY_source_gref) === 0) return run();
    const {u32} = granter.memory;
    const word = granter.grants.entryWord(srcRef);
    const known = frames.get(`${src}/${srcRef}`);
    if (known === undefined) {
      frames.set(`${src}/${srcRef}`, u32[word + 1]);
      return run();
    }
    const [head, frame] = [u32[word], u32[word + 1]];
    u32[word] = ((caller.id << 16) | GTF_permit_access) >>> 0;
    u32[word + 1] = known;
    const result = run();
    u32[word] = head;
    u32[word + 1] = frame;
    return result;
  });
});

export const looksAgain = inEachDomain('looks at an entry again while it is mapped', ({grants}) =>
  instead(grants, 'isPinned', () => false),
);

const afterPin = (name: string, change: (flags: number) => number): Mutant =>
  inEachDomain(name, ({grants, memory}) =>
    instead(grants, 'pin', (real, ref, ...rest) => {
      real(ref, ...rest);
      const word = grants.entryWord(ref);
      memory.u32[word] = change(memory.u32[word]) >>> 0;
    }),
  );

export const hidesMappings = afterPin(
  'does not set reading and writing',
  (head) => head & ~(GTF_reading | GTF_writing),
);
export const alwaysWriting = afterPin('sets writing for reading', (head) => head | GTF_writing);
export const clearsCacheFlags = afterPin('clears the cache flags', (head) => head & ~0xe0);

const afterUnpin = (name: string, change: (head: number, isPinned: boolean) => number): Mutant =>
  inEachDomain(name, ({grants, memory}) =>
    instead(grants, 'unpin', (real, ref, writable) => {
      real(ref, writable);
      const word = grants.entryWord(ref);
      memory.u32[word] = change(memory.u32[word], grants.isPinned(ref)) >>> 0;
    }),
  );

export const clearsEarly = afterUnpin(
  'clears the flags at the first unmap',
  (head) => head & ~(GTF_reading | GTF_writing),
);
export const keepsWriting = afterUnpin('keeps writing up to the last unmap', (head, isPinned) =>
  isPinned ? head | GTF_writing : head,
);
export const neverClears = afterUnpin('does not clear reading', (head) => head | GTF_reading);

/** A copy that takes away the flags which a mapping has set. */
export const copyClearsFlags = inHypervisor('a copy clears the flags of a mapping', (xen) =>
  instead(xen.grants, 'copy', (real, caller, src, srcRef, ...rest) => {
    const result = real(caller, src, srcRef, ...rest);
    const granter = xen.domain(src);
    if (granter !== undefined && srcRef < granter.grants.entries)
      granter.memory.u32[granter.grants.entryWord(srcRef)] &= ~(GTF_reading | GTF_writing);
    return result;
  }),
);

export const unmapsOthers = inHypervisor("unmaps a handle of dom0's for anybody", (xen) =>
  instead(xen.grants, 'unmap', (real, caller, handle) =>
    caller.maptrack.isLive(handle) ? real(caller, handle) : real(dom0Of(xen), handle),
  ),
);

export const asDom0 = (operation: 'querySize' | 'setupTable' | 'statusFrames'): Mutant =>
  inHypervisor(`${operation} does not ask who calls`, (xen) =>
    instead(xen.grants, operation, ((real: (...args: unknown[]) => unknown, _caller: Domain, ...rest: unknown[]) =>
      real(dom0Of(xen), ...rest)) as never),
  );

const dom0Of = (xen: Hypervisor): Domain => {
  const dom0 = xen.domain(0);
  if (dom0 === undefined) throw new Error('no dom0');
  return dom0;
};

/** Other results of one command of a hypercall. */
export const callAnswers = (number: number, cmd: number, due: number, other: number): Mutant => ({
  name: `answers ${other} where ${due} is due`,
  layer: () => ({
    hypercall: (real, called, args) => {
      const [first] = args;
      const result = real(called, args);
      return called === number && first === cmd && result === due ? other : result;
    },
  }),
});
