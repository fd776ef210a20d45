import type {Mutant} from './mutant.ts';

const REQ_PROD = 0;
const REQ_EVENT = 4;
const RSP_PROD = 8;
const RSP_EVENT = 12;
const HEADER_BYTES = 64;

/** Which words of the header an end of a ring writes and reads: byte offsets. */
export interface RingEndWords {
  readonly ownProd: number;
  readonly ownEvent: number;
  readonly peerProd: number;
  readonly peerEvent: number;
}

export const frontWords: RingEndWords = {
  ownProd: REQ_PROD,
  ownEvent: RSP_EVENT,
  peerProd: RSP_PROD,
  peerEvent: REQ_EVENT,
};

export const backWords: RingEndWords = {
  ownProd: RSP_PROD,
  ownEvent: REQ_EVENT,
  peerProd: REQ_PROD,
  peerEvent: RSP_EVENT,
};

/** Keeps indexes in 16 bits. */
export const narrowIndexes = ({ownProd}: RingEndWords): Mutant => ({
  name: 'keeps its producer index in 16 bits',
  layer: () => ({write: ({offset}, value, store) => store(offset === ownProd ? value & 0xffff : value)}),
});

/** Publishes messages that it has not filled. */
export const overpublishes = ({ownProd}: RingEndWords, by: number): Mutant => ({
  name: `publishes ${by} more than it filled`,
  layer: () => ({write: ({offset}, value, store) => store(offset === ownProd ? (value + by) >>> 0 : value)}),
});

/** Writes an index that is the peer's. */
export const writesPeerWord = (what: string, {ownProd}: RingEndWords, offset: number): Mutant => ({
  name: `writes the peer's ${what}`,
  layer: () => ({
    write: (word, value, store) => {
      store(value);
      if (word.offset === ownProd) word.page[offset / 4] = (value + 2) >>> 0;
    },
  }),
});

/** Puts each message one slot further than it belongs. */
export const fillsNextSlot = (slotBytes: number): Mutant => ({
  name: 'fills the slot after the one it publishes',
  layer: () => ({
    write: ({offset, page}, value, store) => {
      if (offset < HEADER_BYTES) store(value);
      else page[(offset + slotBytes) / 4] = value;
    },
  }),
});

/** Takes a producer index that cannot be for one message. */
export const servesImpossible = (
  {peerProd}: RingEndWords,
  room: (page: Uint32Array, seen: number) => number,
): Mutant => ({
  name: 'takes an impossible producer index for a message',
  layer: () => {
    let seen = 0;
    return {
      ringFound: (_ring, _gfn, page) => void (seen = page[peerProd / 4]),
      read: ({offset, page}, fetch) => {
        const value = fetch();
        if (offset !== peerProd) return value;
        if ((value - seen) >>> 0 > room(page, seen)) return (seen + 1) >>> 0;
        seen = value;
        return value;
      },
    };
  },
});

/** Does not look at a producer index that cannot be, and waits for a better one. */
export const ignoresImpossible = (
  {peerProd}: RingEndWords,
  room: (page: Uint32Array, seen: number) => number,
): Mutant => ({
  name: 'ignores an impossible producer index',
  layer: () => {
    let seen = 0;
    return {
      ringFound: (_ring, _gfn, page) => void (seen = page[peerProd / 4]),
      read: ({offset, page}, fetch) => {
        const value = fetch();
        if (offset !== peerProd) return value;
        if ((value - seen) >>> 0 <= room(page, seen)) seen = value;
        return seen;
      },
    };
  },
});
