import type {Mutant} from './mutant.ts';

const HEADER_BYTES = 64;
/** @see blkif.h, struct blkif_request of x86_64: sector_number */
const SECTOR = 16;

/** Makes one of the requests that were lost with a ring again and again, in place of each. */
export const repeatsFirstLost = (slotBytes: number): Mutant => ({
  name: 'asks for the first lost request again, in place of each',
  layer: () => {
    let connections = 0;
    let first: number | undefined;
    return {
      ops: {
        evtchnAllocUnbound: (real, domid) => {
          connections++;
          return real(domid);
        },
      },
      write: ({offset}, value, store) => {
        const isSector = offset >= HEADER_BYTES && (offset - HEADER_BYTES) % slotBytes === SECTOR;
        store(isSector && connections > 1 ? (first ??= value) : value);
      },
    };
  },
});

/** Leaves it to the backend to find what a new ring holds. */
export const neverKicksAgain: Mutant = {
  name: 'does not notify on a ring after the first',
  layer: () => {
    let connections = 0;
    return {
      ops: {
        evtchnAllocUnbound: (real, domid) => {
          connections++;
          return real(domid);
        },
        evtchnSend: (real, port) => (connections > 1 ? 0 : real(port)),
      },
    };
  },
};
