import type {Mutant} from './mutant.ts';

const HEADER_BYTES = 64;
const SLOT_BYTES = 112;
/** @see blkif.h, struct blkif_request of x86_64: the first segment's gref */
const FIRST_GREF = 24;

/** Uses the page that has been free the longest. */
export const rotatesGrants: Mutant = {
  name: 'uses its pages in turn',
  layer: () => {
    const known: number[] = [];
    let nth = 0;
    return {
      write: ({offset}, value, store) => {
        if (offset < HEADER_BYTES || (offset - HEADER_BYTES) % SLOT_BYTES !== FIRST_GREF) return store(value);
        if (!known.includes(value)) known.push(value);
        store(known[nth++ % known.length]);
      },
    };
  },
};

/** Names one page for all. */
export const repeatsGrant: Mutant = {
  name: 'names the same page in all requests',
  layer: () => {
    let first: number | undefined;
    return {
      write: ({offset}, value, store) => {
        const isGref = offset >= HEADER_BYTES && (offset - HEADER_BYTES) % SLOT_BYTES === FIRST_GREF;
        store(isGref ? (first ??= value) : value);
      },
    };
  },
};

/** Lets the backend use another page than the one with the data. */
export const grantsNextFrame: Mutant = {
  name: 'grants the frame after the one that it fills',
  layer: () => ({
    grantor: {grantAccess: (real, domid, gfn, readonly) => real(domid, (gfn + 1) as typeof gfn, readonly)},
  }),
};
