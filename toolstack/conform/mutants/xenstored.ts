import {XS, type XsMessage} from '../../../hypervisor/xenstore/index.ts';
import type {StoreLayer} from '../iut/store.ts';
import type {SharedWord} from '../seam/layer.ts';
import type {Mutant} from './mutant.ts';

/** Answers other than it should. `change` gets each message from the store. */
export const repliesWith = (name: string, change: (message: XsMessage) => XsMessage): Mutant => ({
  name,
  layer: () => ({receive: (message, pass) => pass(change(message))}),
});

/** Says that it did what it did not do. */
export const swallows = (name: string, type: number): Mutant => ({
  name,
  layer: () => ({
    send: (request, pass, reply) => {
      if (request.type === type) reply('OK\0');
      else pass(request);
    },
  }),
});

/** Understands a request other than it was meant. */
export const understands = (name: string, change: (request: XsMessage) => XsMessage): Mutant => ({
  name,
  layer: () => ({send: (request, pass) => pass(change(request))}),
});

/** Answers with one error where another is due, or with success where there should be one. */
export const answersInsteadOf = (due: string, instead: string): Mutant =>
  repliesWith(`answers ${instead} where ${due} is due`, (message) =>
    message.type === XS.ERROR && message.payload === `${due}\0`
      ? {...message, type: instead === 'OK' ? XS.WRITE : XS.ERROR, payload: `${instead}\0`}
      : message,
  );

/** Changes what a reply of one type holds. */
export const changesReply = (name: string, type: number, change: (payload: string) => string): Mutant =>
  repliesWith(name, (message) => (message.type === type ? {...message, payload: change(message.payload)} : message));

export const takesGuestsForDom0: Mutant = {
  name: 'takes guests for dom0',
  layer: (): StoreLayer => ({asDomain: () => 0}),
};

export const takesGuestsForOne: Mutant = {
  name: 'takes all guests for domain 1',
  layer: (): StoreLayer => ({asDomain: (domid) => Math.min(domid, 1)}),
};

export const losesEvents: Mutant = {
  name: 'sends no events',
  layer: () => ({
    receive: (message, pass) => {
      if (message.type !== XS.WATCH_EVENT) pass(message);
    },
  }),
};

export const doublesEvents: Mutant = {
  name: 'sends each event twice',
  layer: () => ({
    receive: (message, pass) => {
      if (message.type === XS.WATCH_EVENT) pass(message);
      pass(message);
    },
  }),
};

/** Loses the events whose text matches. */
export const losesEventsOf = (what: string, pattern: RegExp): Mutant => ({
  name: `sends no events of ${what}`,
  layer: () => ({
    receive: (message, pass) => {
      if (message.type !== XS.WATCH_EVENT || !pattern.test(message.payload)) pass(message);
    },
  }),
});

export const ignoresTransactions = understands('takes requests out of their transactions', (request) =>
  request.type === XS.TRANSACTION_END ? request : {...request, txId: 0},
);

/** Answers the n-th request of a type, and all after it, in the store's place. */
export const tiresOf = (type: number, after: number): Mutant => ({
  name: `refuses after ${after} requests of type ${type}`,
  layer: () => {
    let seen = 0;
    const refused = new Set<number>();
    return {
      send: (request, pass) => {
        if (request.type === type && ++seen > after) refused.add(request.reqId);
        pass(request);
      },
      receive: (message, pass) =>
        pass(refused.delete(message.reqId) ? {...message, type: XS.ERROR, payload: 'ENOSPC\0'} : message),
    };
  },
});

/** Writes a word of the store page differently: undefined leaves it out. */
export const pageWrites = (
  name: string,
  at: number,
  change: (value: number, word: SharedWord) => number | undefined,
): Mutant => ({
  name,
  layer: () => ({
    write: (word, value, store) => {
      const changed = word.offset === at ? change(value, word) : value;
      if (changed !== undefined) store(changed);
    },
  }),
});

/** Reads a word of the store page differently. */
export const pageReads = (name: string, at: number, change: (value: number, word: SharedWord) => number): Mutant => ({
  name,
  layer: () => ({read: (word, fetch) => (word.offset === at ? change(fetch(), word) : fetch())}),
});

export const sendsNoPageEvents: Mutant = {
  name: 'never sends the event of a page',
  layer: () => ({ops: {evtchnSend: () => 0}}),
};

/** With a word of the store page it writes another one. */
export const alsoWrites = (
  name: string,
  at: number,
  other: number,
  value: number,
  when: (written: number) => boolean = () => true,
): Mutant =>
  pageWrites(name, at, (written, {page}) => {
    if (when(written)) page[other / 4] = value;
    return written;
  });
