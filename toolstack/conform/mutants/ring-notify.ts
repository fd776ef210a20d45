import {tap} from 'rxjs';
import type {Mutant} from './mutant.ts';
import type {RingEndWords} from './ring.ts';

export const neverNotifies: Mutant = {name: 'never notifies', layer: () => ({ops: {evtchnSend: () => 0}})};

/** Notifies by the wrong rule: `threshold` makes the peer's threshold of what it is and of the last two indexes. */
const misreads = (
  name: string,
  {ownProd, peerEvent}: RingEndWords,
  threshold: (event: number, old: number, now: number) => number,
): Mutant => ({
  name,
  layer: () => {
    let old = 0;
    return {
      write: ({offset, page}, value, store) => {
        if (offset === ownProd) old = page[ownProd / 4];
        store(value);
      },
      read: ({offset, page}, fetch) => {
        const value = fetch();
        return offset === peerEvent ? threshold(value, old, page[ownProd / 4]) >>> 0 : value;
      },
    };
  },
});

/** As a driver that does not look at the threshold. */
export const alwaysNotifies = (words: RingEndWords): Mutant =>
  misreads('always notifies', words, (_event, old) => old + 1);

export const comparesWithoutWrap = (words: RingEndWords): Mutant =>
  misreads('compares indexes without wrapping', words, (event, old, now) =>
    event > old && event <= now ? event : now + 1,
  );

/** Wants the threshold to be the index itself. */
export const notifiesOnEqual = (words: RingEndWords): Mutant =>
  misreads('notifies only when the last message is the one asked for', words, (event, _old, now) =>
    event === now ? event : now + 1,
  );

/** Leaves its threshold where it was: the peer does not notify again. */
export const neverRearms = ({ownEvent}: RingEndWords): Mutant => ({
  name: 'does not set its event threshold',
  layer: () => ({write: ({offset}, value, store) => (offset === ownEvent ? undefined : store(value))}),
});

export const armsTooFar = ({ownEvent}: RingEndWords): Mutant => ({
  name: 'asks for an event three messages ahead',
  layer: () => ({write: ({offset}, value, store) => store(offset === ownEvent ? (value + 3) >>> 0 : value)}),
});

/** Takes an event for one message, be there any or more. */
const countsEvents = (
  name: string,
  messages: (there: number) => number,
  {peerProd, ownEvent}: RingEndWords,
): Mutant => ({
  name,
  layer: () => {
    let taken: number | undefined;
    let events = 0;
    return {
      ops: {events: (real, port) => real(port).pipe(tap(() => events++))},
      ringFound: (_ring, _gfn, page) => void (taken = page[peerProd / 4]),
      read: ({offset}, fetch) => {
        const value = fetch();
        if (offset !== peerProd) return value;
        taken ??= value;
        if (events === 0) return taken;
        events = 0;
        taken = (taken + messages((value - taken) >>> 0)) >>> 0;
        return taken;
      },
      write: ({offset}, value, store) => {
        if (offset === ownEvent) events = 0;
        store(value);
      },
    };
  },
});

export const takesOneAnEvent = (words: RingEndWords): Mutant =>
  countsEvents('takes one message an event', (there) => Math.min(there, 1), words);

export const takesEventsForMessages = (words: RingEndWords): Mutant =>
  countsEvents('takes an event for a message', (there) => Math.max(there, 1), words);

/** Looks at the ring only when an event has come; binding a port raises the first by itself. */
export const waitsForEvent = ({peerProd}: RingEndWords): Mutant => ({
  name: 'waits for an event before it looks at the ring',
  layer: () => {
    let before: number | undefined;
    let events = 0;
    return {
      ops: {events: (real, port) => real(port).pipe(tap(() => events++))},
      ringFound: (_ring, _gfn, page) => void (before = page[peerProd / 4]),
      read: ({offset}, fetch) => {
        const value = fetch();
        return offset === peerProd && events < 2 ? (before ?? value) : value;
      },
    };
  },
});
