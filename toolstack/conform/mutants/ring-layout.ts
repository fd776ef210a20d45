import type {Mutant} from './mutant.ts';

const HEADER_BYTES = 64;

/** Keeps a word of the header where there is none. */
export const movesHeaderWord = (offset: number): Mutant => ({
  name: `keeps the index of byte ${offset} at byte 16`,
  layer: () => ({
    write: (word, value, store) => {
      if (word.offset === offset) word.page[4] = value;
      else store(value);
    },
  }),
});

/** Takes slots for shorter or longer than they are. */
export const stridesBy = (slotBytes: number, wrongBytes: number): Mutant => {
  const move = (offset: number): number => {
    const at = offset - HEADER_BYTES;
    return HEADER_BYTES + Math.floor(at / slotBytes) * wrongBytes + (at % slotBytes);
  };
  return {
    name: `takes slots for ${wrongBytes} bytes long`,
    layer: () => ({
      read: ({offset}, fetch) => (offset < HEADER_BYTES ? fetch() : fetch(move(offset))),
      write: ({offset, page}, value, store) => {
        if (offset < HEADER_BYTES) store(value);
        else page[move(offset) / 4] = value;
      },
    }),
  };
};

/** Takes the ring for smaller than it is. */
export const wrapsAfter = (slots: number, slotBytes: number): Mutant => {
  const move = (offset: number): number => HEADER_BYTES + ((offset - HEADER_BYTES) % (slots * slotBytes));
  return {
    name: `wraps after ${slots} slots`,
    layer: () => ({
      read: ({offset}, fetch) => (offset < HEADER_BYTES ? fetch() : fetch(move(offset))),
      write: ({offset, page}, value, store) => {
        if (offset < HEADER_BYTES) store(value);
        else page[move(offset) / 4] = value;
      },
    }),
  };
};

/** Publishes a fresh ring that was not initialised. */
export const publishesRaw = (offset: number, value: number): Mutant => ({
  name: `publishes a ring with ${value} at byte ${offset}`,
  layer: () => ({ringFound: (_ring, _gfn, page) => void (page[offset / 4] = value)}),
});

/** Lets bytes of its own get into the page, at each publication. */
export const leaksInto = (what: string, prodOffset: number, offset: number): Mutant => ({
  name: `leaves bytes of its own in ${what}`,
  layer: () => ({
    write: (word, value, store) => {
      if (word.offset === prodOffset) word.page[offset / 4] = 0x5ec2e7;
      store(value);
    },
  }),
});

export const initialisesIndexes: Mutant = {
  name: 'initialises the shared indexes at connect',
  layer: () => {
    let page: Uint32Array | undefined;
    return {
      ringFound: (_ring, _gfn, words) => void (page = words),
      ops: {
        evtchnBindInterdomain: (real, domid, port) => {
          page?.set([0, 1, 0, 1]);
          return real(domid, port);
        },
      },
    };
  },
};

/** Begins at index 0, whatever the ring has been used for. */
export const attachesAtZero: Mutant = {
  name: 'attaches at index 0',
  layer: () => {
    let attached = false;
    return {
      read: ({offset}, fetch) => {
        const value = fetch();
        if (offset !== 8 || attached) return value;
        attached = true;
        return 0;
      },
    };
  },
};
