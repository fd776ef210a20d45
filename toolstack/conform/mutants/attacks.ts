import {take} from 'rxjs';
import {GNTMAP_readonly} from '../../../hypervisor/abi/grant-table.ts';
import type {Mutant} from './mutant.ts';

/** Leaves those pages of a batch mapped that were mapped before one was refused. */
export const keepsHalfBatches: Mutant = {
  name: 'forgets the pages that it mapped before one was refused',
  layer: () => ({
    ops: {
      gnttabMapMany: (real, granter, refs, flags, handles, offsets, at, count) => {
        const status = real(granter, refs, flags, handles, offsets, at, count);
        if (status < 0 && count > 1) real(granter, refs, flags, handles, offsets, at, 1);
        return status;
      },
    },
  }),
};

/** Forgets that one of the first pages of a request could not be mapped. */
export const forgetsEarlyRefusal: Mutant = {
  name: 'goes on when a page in the middle of a request is refused',
  layer: () => ({
    ops: {
      gnttabMapMany: (real, granter, refs, flags, handles, offsets, at, count) => {
        const status = real(granter, refs, flags, handles, offsets, at, count);
        if (status >= 0 || (flags & GNTMAP_readonly) === 0 || count < 3) return status;
        const good = refs.slice();
        good.fill(refs[at], at, at + count);
        const first = real(granter, good, flags, handles, offsets, at, count);
        if (first >= 0) return first;
        good.fill(refs[at + count - 1], at, at + count);
        return real(granter, good, flags, handles, offsets, at, count);
      },
    },
  }),
};

/** A map that fails takes the driver with it. */
export const throwsOnRefusal: Mutant = {
  name: 'takes a refused mapping for a bug',
  layer: () => ({
    ops: {
      gnttabMapMany: (real, granter, refs, flags, handles, offsets, at, count) => {
        const status = real(granter, refs, flags, handles, offsets, at, count);
        if (status < 0) throw new Error(`mapping: ${status}`);
        return status;
      },
    },
  }),
};

/** Has enough of events at some point. */
export const deafAfterEvents = (count: number): Mutant => ({
  name: `takes no more than ${count} events`,
  layer: () => ({ops: {events: (real, port) => real(port).pipe(take(count))}}),
});

/** Joins pages that have numbers that follow each other. */
export const joinsByReference: Mutant = {
  name: 'takes pages of adjacent references for adjacent memory',
  layer: () => ({
    ops: {
      gnttabMapMany: (real, granter, refs, flags, handles, offsets, at, count) => {
        const status = real(granter, refs, flags, handles, offsets, at, count);
        for (let i = at + 1; i < at + count; i++) if (refs[i] === refs[i - 1] + 1) offsets[i] = offsets[i - 1] + 4096;
        return status;
      },
    },
  }),
};
