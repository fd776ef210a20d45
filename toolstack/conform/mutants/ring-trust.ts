import type {Mutant} from './mutant.ts';

const HEADER_BYTES = 64;

/** Takes responses in the order of its requests. @see blkif.h: the id is at byte 8 of a request, 0 of a response */
export const trustsOrder = (slotBytes: number): Mutant => ({
  name: 'takes the n-th response for that to the n-th request, whatever its id',
  layer: () => {
    const ids: number[] = [];
    return {
      write: ({offset}, value, store) => {
        if (offset >= HEADER_BYTES && (offset - HEADER_BYTES) % slotBytes === 8) ids.push(value);
        store(value);
      },
      read: ({offset}, fetch) => {
        const value = fetch();
        if (offset < HEADER_BYTES) return value;
        const at = (offset - HEADER_BYTES) % slotBytes;
        if (at === 0) return ids.shift() ?? value;
        return at === 4 ? 0 : value;
      },
    };
  },
});

/** Looks up what it had asked in the request's own slot, which is the peer's to write by now. */
export const goesBySlot = (slotBytes: number): Mutant => ({
  name: 'goes by the request slot at completion',
  layer: () => ({
    read: ({offset, page}, fetch) => {
      const value = fetch();
      if (offset < HEADER_BYTES || (offset - HEADER_BYTES) % slotBytes !== 0) return value;
      // Of the slots that no response has overwritten.
      return page[(HEADER_BYTES + value * slotBytes + 24) / 4] === 0xffff_ffff ? 0xffff : value;
    },
  }),
});
