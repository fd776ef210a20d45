import type {Domain, Hypervisor} from '../../../hypervisor/index.ts';
import type {Layer} from '../seam/layer.ts';
import type {Mutant} from './mutant.ts';

const IN_USE = 8 | 16;

/** A fault of a guest's kernel in the entries that it writes. */
const inEntries = (name: string, layer: (guest: () => Domain) => Layer): Mutant => ({
  name,
  layer: () => {
    let xen: Hypervisor | undefined;
    const guest = (): Domain => {
      const last = xen?.allDomains().at(-1);
      if (last === undefined) throw new Error('no guest');
      return last;
    };
    return {...layer(guest), host: (each) => void (xen = each)};
  },
});

/** Clears entries that are mapped, and thinks that they are free. */
export const takesBackAnyway = inEntries('takes a page back that is mapped', (guest) => {
  const hide = (refs: ArrayLike<number>): void => {
    const {memory, grants} = guest();
    for (let i = 0; i < refs.length; i++) memory.u32[grants.entryWord(refs[i])] &= ~IN_USE;
  };
  return {
    grantor: {
      endAccess: (real, ref) => {
        hide([ref]);
        return real(ref);
      },
      endMany: (real, refs, at, count) => {
        hide(refs.subarray(at, at + count));
        return real(refs, at, count);
      },
    },
  };
});

/** Makes an entry live before its frame stands in it. */
export const livesTooEarly = inEntries('writes the flags of an entry before its frame', (guest) => {
  const rewrite = (refs: ArrayLike<number>): void => {
    const {memory, grants} = guest();
    for (let i = 0; i < refs.length; i++) {
      const word = grants.entryWord(refs[i]) + 1;
      const frame = memory.u32[word];
      memory.u32[word] = 0;
      memory.u32[word] = frame;
    }
  };
  return {
    grantor: {
      grantAccess: (real, domid, gfn, readonly) => {
        const ref = real(domid, gfn, readonly);
        if (ref >= 0) rewrite([ref]);
        return ref;
      },
      grantMany: (real, domid, frames, readonly, refs, at, count) => {
        const isDone = real(domid, frames, readonly, refs, at, count);
        if (isDone) rewrite(refs.subarray(at, at + count));
        return isDone;
      },
    },
  };
});

export const grantsForWriting: Mutant = {
  name: 'grants all pages for writing',
  layer: () => ({
    grantor: {
      grantAccess: (real, domid, gfn) => real(domid, gfn, false),
      grantMany: (real, domid, frames, _readonly, refs, at, count) => real(domid, frames, false, refs, at, count),
    },
  }),
};

/** Tries to take a page back once. */
export const triesOnce: Mutant = {
  name: 'does not try again to take a page back',
  layer: () => ({grantor: {endAccess: () => false}}),
};
