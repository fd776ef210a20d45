import {XS} from '../../../hypervisor/xenstore/index.ts';
import {SCSI_SLOT_BYTES} from '../peers/scsi-frontend.ts';
import type {Mutant} from './mutant.ts';

const HEADER_BYTES = 64;

/** Words of a slot, in bytes. @see vscsiif.h, struct vscsiif_request and vscsiif_response */
export const SCSI_WORD = {
  /** rqid, act, cmd_len or sense_len */
  head: 0,
  channelAndTimeout: 20,
  address: 24,
  /** ref_rqid, sc_data_direction, nr_segments */
  direction: 28,
  firstRef: 32,
  firstRange: 36,
  firstSense: 4,
  rslt: 100,
  residual: 104,
} as const;

/** Bytes from the start of a slot; -1 in the header. */
const inSlot = (offset: number): number => (offset < HEADER_BYTES ? -1 : (offset - HEADER_BYTES) % SCSI_SLOT_BYTES);

/** Takes a word of a message for another one than it is. */
export const misreadsScsi = (name: string, at: number, change: (value: number) => number): Mutant => ({
  name,
  layer: () => ({read: ({offset}, fetch) => (inSlot(offset) === at ? change(fetch()) >>> 0 : fetch())}),
});

/** Writes another word into a message. */
export const miswritesScsi = (name: string, at: number, change: (value: number) => number): Mutant => ({
  name,
  layer: () => ({write: ({offset}, value, store) => store(inSlot(offset) === at ? change(value) >>> 0 : value)}),
});

const actOf = (head: number): number => (head >>> 16) & 0xff;

/** Takes one act for another. */
export const takesAct = (wanted: number, instead: number): Mutant =>
  misreadsScsi(`takes act ${wanted} for ${instead}`, SCSI_WORD.head, (head) =>
    actOf(head) === wanted ? (head & ~0xff_0000) | (instead << 16) : head,
  );

/** Takes one direction for another. */
export const takesDirection = (wanted: number, instead: number): Mutant =>
  misreadsScsi(`takes direction ${wanted} for ${instead}`, SCSI_WORD.direction, (word) =>
    ((word >>> 16) & 0xff) === wanted ? (word & ~0xff_0000) | (instead << 16) : word,
  );

/** Answers with another result. */
export const answersRslt = (name: string, change: (rslt: number) => number): Mutant =>
  miswritesScsi(name, SCSI_WORD.rslt, change);

export const answersGood = answersRslt('answers that all went well', () => 0);
export const answersHostError = answersRslt('answers with a host error', () => 7 << 16);

export const echoesOtherRqid = miswritesScsi('answers to another request', SCSI_WORD.head, (head) => head ^ 1);

/** Looks at a page of segments again when it comes to use them. */
export const rereadsSegments: Mutant = {
  name: 'reads segments again before it maps them',
  layer: () => {
    let list: Uint32Array | undefined;
    let hasRead = false;
    return {
      ringFound: (ring, _gfn, page) => {
        if (ring === 'list') list = page;
      },
      ops: {
        gnttabMapMany: (real, granter, refs, flags, handles, offsets, at, count) => {
          if (hasRead && list !== undefined) for (let i = 0; i < count; i++) refs[at + i] = list[2 * i];
          hasRead = list !== undefined;
          return real(granter, refs, flags, handles, offsets, at, count);
        },
      },
    };
  },
};

/** The state of a backend's host, and of one of its units. */
export const vscsiHostState = /backend\/vscsi\/\d+\/\d+\/state$/;
export const vscsiUnitState = /vscsi-devs\/dev-\d+\/state$/;

/** Ends what is under way when its units change. */
export const failsOnceReconfigured: Mutant = {
  name: 'fails commands once its units have changed',
  layer: () => {
    let isChanged = false;
    return {
      send: (request, pass) => {
        const [path, value] = request.payload.split('\0');
        if (request.type === XS.WRITE && vscsiHostState.test(path) && value === '8') isChanged = true;
        pass(request);
      },
      write: ({offset}, value, store) => store(isChanged && inSlot(offset) === SCSI_WORD.rslt ? 8 << 16 : value),
    };
  },
};

/** Sends one act in place of another. */
export const writesAct = (wanted: number, instead: number): Mutant =>
  miswritesScsi(`sends act ${instead} for ${wanted}`, SCSI_WORD.head, (head) =>
    actOf(head) === wanted ? (head & ~0xff_0000) | (instead << 16) : head,
  );

/** Drops answers whose sense is too long, by looking for a request that nobody has sent. */
export const refusesLongSense = misreadsScsi('gives the host up where sense_len is wrong', SCSI_WORD.head, (head) =>
  head >>> 24 > 96 ? head | 0xffff : head,
);

/** Takes an answer for that to the request that was sent first. */
export const trustsScsiOrder: Mutant = {
  name: 'takes the n-th answer for that to the n-th request, whatever its rqid',
  layer: () => {
    const rqids: number[] = [];
    return {
      write: ({offset}, value, store) => {
        if (inSlot(offset) === SCSI_WORD.head) rqids.push(value & 0xffff);
        store(value);
      },
      read: ({offset}, fetch) => {
        const value = fetch();
        if (inSlot(offset) !== SCSI_WORD.head) return value;
        return ((value & ~0xffff) | (rqids.shift() ?? value)) >>> 0;
      },
    };
  },
};

/** Does not see that the backend still has a page. */
export const ignoresStillMapped: Mutant = {
  name: 'takes a page back that is still mapped',
  layer: () => ({
    grantor: {
      endMany: (real, ...args) => {
        real(...args);
        return true;
      },
    },
  }),
};
