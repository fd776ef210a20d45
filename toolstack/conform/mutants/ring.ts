import type {Mutant} from './mutant.ts';

const REQ_PROD = 0;
const REQ_EVENT = 4;
const RSP_PROD = 8;
const RSP_EVENT = 12;
const HEADER_BYTES = 64;

/** Which words of the header an end of a ring writes and reads. */
interface RingEndWords {
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

export const neverNotifies: Mutant = {name: 'never notifies', layer: () => ({ops: {evtchnSend: () => 0}})};

/** Sends an event at each publication, as a driver that does not look at the peer's threshold. */
export const alwaysNotifies = ({peerEvent, ownProd}: RingEndWords): Mutant => ({
  name: 'always notifies',
  layer: () => {
    let old = 0;
    return {
      write: ({offset, page}, value, store) => {
        if (offset === ownProd) old = page[ownProd / 4];
        store(value);
      },
      // A threshold right behind the index published before is passed by every push.
      read: ({offset}, fetch) => (offset === peerEvent ? (fetch(), old + 1) >>> 0 : fetch()),
    };
  },
});

/** Notifies by `new_prod >= event`, which is wrong once the indexes wrap. */
export const comparesSigned = ({peerEvent, ownProd}: RingEndWords): Mutant => ({
  name: 'compares indexes without wrapping',
  layer: () => {
    let old = 0;
    return {
      write: ({offset, page}, value, store) => {
        if (offset === ownProd) old = page[ownProd / 4];
        store(value);
      },
      read: ({offset, page}, fetch) => {
        const event = fetch();
        if (offset !== peerEvent) return event;
        const now = page[ownProd / 4];
        return event > old && event <= now ? event : (now + 1) >>> 0;
      },
    };
  },
});

/** Misses a message that came between the last look and the threshold. */
export const forgetsFinalCheck = ({ownEvent, peerProd}: RingEndWords): Mutant => ({
  name: 'forgets the final check',
  layer: () => {
    let seen = 0;
    let armed = false;
    return {
      write: ({offset}, value, store) => {
        if (offset === ownEvent) armed = true;
        store(value);
      },
      read: ({offset}, fetch) => {
        const value = fetch();
        if (offset !== peerProd) return value;
        if (armed) {
          armed = false;
          return seen;
        }
        seen = value;
        return value;
      },
    };
  },
});

/** Leaves its threshold where it was: the peer never notifies again. */
export const neverRearms = ({ownEvent}: RingEndWords): Mutant => ({
  name: 'does not set its event threshold',
  layer: () => ({write: ({offset}, value, store) => (offset === ownEvent ? undefined : store(value))}),
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

/** Takes a producer index that cannot be for a ring full of messages. */
export const clampsProducer = ({peerProd, ownProd}: RingEndWords, slots: number): Mutant => ({
  name: 'serves an impossible producer index',
  layer: () => ({
    read: ({offset, page}, fetch) => {
      const value = fetch();
      if (offset !== peerProd) return value;
      const base = page[ownProd / 4];
      return (value - base) >>> 0 > slots ? (base + 1) >>> 0 : value;
    },
  }),
});

/** Keeps indexes in 16 bits. */
export const narrowIndexes = ({ownProd}: RingEndWords): Mutant => ({
  name: 'keeps its producer index in 16 bits',
  layer: () => ({write: ({offset}, value, store) => store(offset === ownProd ? value & 0xffff : value)}),
});

/** Writes an index that is the peer's. */
export const writesPeerIndex = ({ownProd, peerEvent}: RingEndWords): Mutant => ({
  name: "writes the peer's event threshold",
  layer: () => ({
    write: ({offset, page}, value, store) => {
      store(value);
      if (offset === ownProd) page[peerEvent / 4] = (value + 1) >>> 0;
    },
  }),
});

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
