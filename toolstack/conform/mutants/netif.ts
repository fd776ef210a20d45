import {RX_SLOT_BYTES, TX_SLOT_BYTES} from '../peers/net-slots.ts';
import type {Layer, SharedWord} from '../seam/layer.ts';
import type {Mutant} from './mutant.ts';

const HEADER_BYTES = 64;

/** Words of a slot, in bytes. @see netif.h, struct netif_tx_request and so on */
export const TX_WORD = {gref: 0, offsetFlags: 4, idSize: 8, response: 0} as const;
export const RX_WORD = {id: 0, gref: 4, responseIdOffset: 0, responseFlagsStatus: 4} as const;

export type NetRing = 'tx' | 'rx';

const slotBytes: Readonly<Record<NetRing, number>> = {tx: TX_SLOT_BYTES, rx: RX_SLOT_BYTES};

const isWord = (ring: NetRing, at: number, {ring: name, offset}: SharedWord): boolean =>
  name === `${ring}-ring-ref` && offset >= HEADER_BYTES && (offset - HEADER_BYTES) % slotBytes[ring] === at;

/** Takes a word of a slot for another one than it is. */
export const misreadsNet = (
  ring: NetRing,
  name: string,
  at: number,
  change: (value: number, word: SharedWord) => number,
): Mutant => ({
  name,
  layer: () => ({read: (word, fetch) => (isWord(ring, at, word) ? change(fetch(), word) >>> 0 : fetch())}),
});

/** Writes another word into a slot. */
export const miswritesNet = (
  ring: NetRing,
  name: string,
  at: number,
  change: (value: number, word: SharedWord) => number,
): Mutant => ({
  name,
  layer: () => ({write: (word, value, store) => store(isWord(ring, at, word) ? change(value, word) >>> 0 : value)}),
});

const high = (word: number): number => word >>> 16;
const low = (word: number): number => word & 0xffff;
const join = (lower: number, upper: number): number => ((lower & 0xffff) | ((upper & 0xffff) << 16)) >>> 0;

/** Changes the flags of transmit requests that it reads. */
export const misreadsTxFlags = (name: string, change: (flags: number) => number): Mutant =>
  misreadsNet('tx', name, TX_WORD.offsetFlags, (word) => join(low(word), change(high(word))));

/** Changes the flags of transmit requests that it makes. */
export const miswritesTxFlags = (name: string, change: (flags: number) => number): Mutant =>
  miswritesNet('tx', name, TX_WORD.offsetFlags, (word) => join(low(word), change(high(word))));

export const misreadsTxSize = (name: string, change: (size: number) => number): Mutant =>
  misreadsNet('tx', name, TX_WORD.idSize, (word) => join(low(word), change(high(word))));

export const miswritesTxSize = (name: string, change: (size: number) => number): Mutant =>
  miswritesNet('tx', name, TX_WORD.idSize, (word) => join(low(word), change(high(word))));

export const miswritesTxId = (name: string, change: (id: number) => number): Mutant =>
  miswritesNet('tx', name, TX_WORD.idSize, (word) => join(change(low(word)), high(word)));

/** Answers transmit requests with another status. */
export const answersTx = (name: string, change: (status: number) => number): Mutant =>
  miswritesNet('tx', name, TX_WORD.response, (word) => join(low(word), change(word >> 16)));

export const answersTxId = (name: string, change: (id: number) => number): Mutant =>
  miswritesNet('tx', name, TX_WORD.response, (word) => join(change(low(word)), high(word)));

/** Answers receive requests with another status. */
export const answersRx = (name: string, change: (status: number) => number): Mutant =>
  miswritesNet('rx', name, RX_WORD.responseFlagsStatus, (word) => join(low(word), change(word >> 16)));

export const answersRxFlags = (name: string, change: (flags: number) => number): Mutant =>
  miswritesNet('rx', name, RX_WORD.responseFlagsStatus, (word) => join(change(low(word)), high(word)));

export const misreadsRxFlags = (name: string, change: (flags: number) => number): Mutant =>
  misreadsNet('rx', name, RX_WORD.responseFlagsStatus, (word) => join(change(low(word)), high(word)));

export const misreadsRxStatus = (name: string, change: (status: number) => number): Mutant =>
  misreadsNet('rx', name, RX_WORD.responseFlagsStatus, (word) => join(low(word), change(word >> 16)));

/** A copy of which the pages or places are other ones. */
export const copiesInstead = (
  name: string,
  change: (call: {from: number; to: number; length: number}) => {from?: number; to?: number; length?: number},
): Mutant => ({
  name,
  layer: () => ({
    ops: {
      gnttabCopy: (real, fromDomid, fromRef, from, toDomid, toRef, to, length, flags) => {
        const call = {from, to, length, ...change({from, to, length})};
        return real(fromDomid, fromRef, call.from, toDomid, toRef, call.to, call.length, flags);
      },
    },
  }),
});

/** A copy that the hypervisor refuses goes for one that it made. */
export const ignoresCopyStatus: Mutant = {
  name: 'does not look at the status of copies',
  layer: () => ({
    ops: {
      gnttabCopy: (real, ...args) => {
        real(...args);
        return 0;
      },
    },
  }),
};

const RSP_PROD = 8;
const REQ_PROD = 0;

/** Publishes a packet of several slots one by one. */
export const publishesSingly = (ring: NetRing): Mutant => ({
  name: 'publishes each slot by itself',
  layer: () => ({
    write: (word, value, store) => {
      const own = ring === 'tx' ? REQ_PROD : RSP_PROD;
      if (word.ring === `${ring}-ring-ref` && word.offset === own)
        for (let index = (word.page[own / 4] + 1) >>> 0; index !== value; index = (index + 1) >>> 0) store(index);
      store(value);
    },
  }),
});

/** Counts on more receive requests than there are. */
export const countsOnMore: Mutant = {
  name: 'takes a receive request that is not there yet',
  layer: () => ({
    read: ({ring, offset}, fetch) => (ring === 'rx-ring-ref' && offset === REQ_PROD ? (fetch() + 1) >>> 0 : fetch()),
  }),
};

/** Takes transmit responses in the order of its requests. */
export const trustsTxOrder: Mutant = {
  name: 'takes the n-th transmit response for that to the n-th request, whatever its id',
  layer: () => {
    const ids: number[] = [];
    return {
      write: (word, value, store) => {
        if (isWord('tx', TX_WORD.idSize, word)) ids.push(low(value));
        store(value);
      },
      read: (word, fetch) =>
        isWord('tx', TX_WORD.response, word) ? join(ids.shift() ?? low(fetch()), high(fetch())) : fetch(),
    };
  },
};

/** Makes requests of a page that the backend may not write to. */
export const grantsReadonly: Mutant = {
  name: 'grants pages for reading only',
  layer: () => ({grantor: {grantAccess: (real, domid, gfn) => real(domid, gfn, true)}}),
};

/** Grants no more pages after the first so many. */
export const runsOutOfGrants = (after: number): Mutant => ({
  name: 'posts no further receive pages',
  layer: () => {
    let count = 0;
    return {grantor: {grantAccess: (real, ...args) => (++count > after ? -28 : real(...args))}};
  },
});

/** Of a receive slot that is an extra info of a hash: its algorithm lies where the upper byte of an offset would. */
const isHashExtra = ({page, offset}: SharedWord): boolean => {
  const head = page[(offset - 4) / 4];
  return (head & 0xff) === 4 && head >>> 24 === 1;
};

/** Writes another hash into the extra infos that have one. */
export const answersHash = (name: string, change: (hash: number) => number): Mutant =>
  miswritesNet('rx', name, RX_WORD.responseFlagsStatus, (word, at) => (isHashExtra(at) ? change(word) : word));

const CONTROL_SLOT_BYTES = 16;

/** A word of a control slot, in bytes: id and type, then data; of a response id and type, status, data. */
const isControlWord = (at: number, {ring, offset}: SharedWord): boolean =>
  ring === 'ctrl-ring-ref' && offset >= HEADER_BYTES && (offset - HEADER_BYTES) % CONTROL_SLOT_BYTES === at;

/** Takes a word of a control request for another one than it is. `type` is that of the request. */
export const misreadsControl = (name: string, at: number, change: (value: number, type: number) => number): Mutant => ({
  name,
  layer: () => ({
    read: (word, fetch) => {
      if (!isControlWord(at, word)) return fetch();
      return change(fetch(), word.page[(word.offset - at) / 4] >>> 16) >>> 0;
    },
  }),
});

/** Writes another word into a control slot. `type` is that of the request. */
export const miswritesControl = (
  name: string,
  at: number,
  change: (value: number, type: number) => number,
): Mutant => ({
  name,
  layer: () => ({
    write: (word, value, store) => {
      const type = word.page[(word.offset - at) / 4] >>> 16;
      store(isControlWord(at, word) ? change(value, type) >>> 0 : value);
    },
  }),
});

/** Finds no receive requests on its second ring. */
export const usesFirstQueue: Mutant = {
  name: 'puts nothing into the pages of its second queue',
  layer: (): Layer => {
    let first: number | undefined;
    return {
      read: ({ring, gfn, offset, page}, fetch) => {
        if (ring !== 'rx-ring-ref' || offset !== REQ_PROD) return fetch();
        first ??= gfn;
        return gfn === first ? fetch() : page[2];
      },
    };
  },
};
