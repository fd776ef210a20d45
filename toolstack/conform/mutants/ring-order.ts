import type {Mutant} from './mutant.ts';
import type {RingEndWords} from './ring.ts';

const HEADER_BYTES = 64;

/** Publishes the index first, then what it covers. */
export const publishesBeforeFilling = ({ownProd}: RingEndWords): Mutant => ({
  name: 'publishes the index before the message',
  layer: () => {
    let late: (() => void)[] = [];
    return {
      write: ({offset}, value, store) => {
        if (offset >= HEADER_BYTES) {
          late.push(() => store(value));
          return;
        }
        store(value);
        if (offset !== ownProd) return;
        for (const each of late) each();
        late = [];
      },
    };
  },
});

/** Has read the slots before it reads the index that says how many of them count. */
export const readsSlotsEarly = ({peerProd}: RingEndWords): Mutant => ({
  name: 'reads slots before the producer index',
  layer: () => {
    let early: Uint32Array | undefined;
    return {
      read: ({offset, page}, fetch) => {
        if (offset === peerProd) early = page.slice();
        const value = fetch();
        return offset < HEADER_BYTES ? value : (early?.[offset / 4] ?? value);
      },
    };
  },
});

/** Has read the peer's threshold before its index is there to be seen. */
export const looksBeforePublishing = ({ownProd, peerEvent}: RingEndWords): Mutant => ({
  name: "reads the peer's threshold before it publishes",
  layer: () => {
    let early: number | undefined;
    return {
      write: ({offset, page}, value, store) => {
        if (offset === ownProd) early = page[peerEvent / 4];
        store(value);
      },
      read: ({offset}, fetch) => {
        const value = fetch();
        return offset === peerEvent ? (early ?? value) : value;
      },
    };
  },
});

/** Misses a message that came between its last look and the threshold. */
export const forgetsFinalCheck = ({ownEvent, peerProd}: RingEndWords): Mutant => ({
  name: 'forgets the final check',
  layer: () => {
    let seen = 0;
    let isArmed = false;
    return {
      write: ({offset}, value, store) => {
        if (offset === ownEvent) isArmed = true;
        store(value);
      },
      read: ({offset}, fetch) => {
        const value = fetch();
        if (offset !== peerProd) return value;
        if (!isArmed) seen = value;
        isArmed = false;
        return seen;
      },
    };
  },
});

/** Looks at a slot once more when the peer may have used it again. */
export const looksAgain = ({ownProd, peerProd}: RingEndWords): Mutant => ({
  name: 'reads a slot again after it was given back',
  layer: () => {
    let isPublished = false;
    return {
      write: ({offset}, value, store) => {
        store(value);
        if (offset === ownProd) isPublished = true;
      },
      read: ({offset}, fetch) => {
        if (offset === peerProd && isPublished) fetch(HEADER_BYTES);
        return fetch();
      },
    };
  },
});

/** Fetches each word of a message twice and goes by the second. */
export const fetchesTwice: Mutant = {
  name: 'reads messages twice',
  layer: () => ({
    read: ({offset}, fetch) => {
      const first = fetch();
      return offset < HEADER_BYTES ? first : fetch();
    },
  }),
};
