import {GNTMAP_readonly} from '../../../hypervisor/abi/grant-table.ts';
import type {Layer} from '../seam/layer.ts';
import type {Mutant} from './mutant.ts';

const HEADER_BYTES = 64;
const SLOT_BYTES = 112;
const PAGE_BYTES = 4096;
const RSP_PROD = 8;

/** Words of a slot in the x86_64 ABI, in bytes. @see blkif.h, struct blkif_request and blkif_response */
export const SLOT = {
  head: 0,
  id: 8,
  sector: 16,
  sectorHigh: 20,
  seg: 24,
  responseIdHigh: 4,
  responseStatus: 8,
} as const;

/** Bytes from the start of a slot; -1 in the header. */
const inSlot = (offset: number, slotBytes = SLOT_BYTES): number =>
  offset < HEADER_BYTES ? -1 : (offset - HEADER_BYTES) % slotBytes;

/** Takes a word of a request or response for another one than it is. */
export const misreadsWord = (name: string, at: number, change: (value: number) => number): Mutant => ({
  name,
  layer: () => ({read: ({offset}, fetch) => (inSlot(offset) === at ? change(fetch()) >>> 0 : fetch())}),
});

/** Writes another word into a message. */
export const miswritesWord = (name: string, at: number, change: (value: number) => number): Mutant => ({
  name,
  layer: () => ({write: ({offset}, value, store) => store(inSlot(offset) === at ? change(value) >>> 0 : value)}),
});

/** Reads what comes from a place in the slot on some bytes off. */
export const readsOff = (from: number, byBytes: number, slotBytes = SLOT_BYTES): Mutant => ({
  name: `reads from byte ${from} of a slot on ${byBytes} bytes off`,
  layer: () => ({read: ({offset}, fetch) => (inSlot(offset, slotBytes) >= from ? fetch(offset + byBytes) : fetch())}),
});

/** The same of writes. */
export const writesOff = (from: number, byBytes: number, slotBytes = SLOT_BYTES): Mutant => ({
  name: `writes from byte ${from} of a slot on ${byBytes} bytes off`,
  layer: () => ({
    write: ({offset, page}, value, store) => {
      if (inSlot(offset, slotBytes) < from) store(value);
      else page[(offset + byBytes) / 4] = value;
    },
  }),
});

const operationOf = (word: number): number => word & 0xff;

/** Does one operation in place of another. */
export const takesOperation = (name: string, wanted: number, instead: number): Mutant =>
  misreadsWord(name, SLOT.head, (word) => (operationOf(word) === wanted ? (word & ~0xff) | instead : word));

/** Answers with another status. `status` is BLKIF_RSP_*. */
export const answersInstead = (name: string, change: (status: number) => number): Mutant =>
  miswritesWord(name, SLOT.responseStatus, (word) => (word & 0xffff) | ((change((word << 0) >> 16) & 0xffff) << 16));

export const answersOkay = answersInstead('answers that all went well', () => 0);
export const answersErrors = answersInstead('answers that it failed', () => -1);

/** Never looks at more segments than it knows. */
export const clampsSegments = misreadsWord('takes any number of segments for 1..11', SLOT.head, (word) => {
  const segments = Math.max(1, Math.min((word >>> 8) & 0xff, 11));
  return operationOf(word) > 1 ? word : (word & ~0xff00) | (segments << 8);
});

/** Of the segment whose sectors stand at that byte. */
export const clampsSectorsAt = (at: number): Mutant =>
  misreadsWord('takes any sectors of a page for valid ones', at, (word) => {
    const first = Math.min(word & 0xff, 7);
    const last = Math.min((word >>> 8) & 0xff, 7);
    return Math.min(first, last) | (Math.max(first, last) << 8);
  });

export const clampsSectors = clampsSectorsAt(SLOT.seg + 4);

export const widensSegments = misreadsWord('moves whole pages', SLOT.seg + 4, () => 0x0700);

/** Changes the flags that pages are mapped with. */
export const mapsWith = (name: string, change: (flags: number) => number): Mutant => ({
  name,
  layer: () => ({
    ops: {
      gnttabMap: (real, granter, ref, flags) => real(granter, ref, change(flags)),
      gnttabMapMany: (real, granter, refs, flags, handles, offsets, at, count) =>
        real(granter, refs, change(flags), handles, offsets, at, count),
    },
  }),
});

export const mapsAllWritable = mapsWith('maps all pages for writing', (flags) => flags & ~GNTMAP_readonly);

/** Refuses a request that names a page twice. */
export const refusesRepeatedGrants: Mutant = {
  name: 'maps no page twice',
  layer: () => ({
    ops: {
      gnttabMapMany: (real, granter, refs, flags, handles, offsets, at, count) =>
        new Set(refs.subarray(at, at + count)).size < count
          ? -1
          : real(granter, refs, flags, handles, offsets, at, count),
    },
  }),
};

/** Frames of the guest that nobody uses. */
const SCRATCH_BYTE = 900 * PAGE_BYTES;

/** Lets the data of a read reach the guest's page only after its answer. */
export const fillsPagesLate: Mutant = {
  name: 'answers before the data are in the page',
  layer: (): Layer => {
    let memory: Uint8Array | undefined;
    const late: [at: number, scratch: number][] = [];
    return {
      ringFound: (_ring, _gfn, page) => void (memory = new Uint8Array(page.buffer)),
      ops: {
        gnttabMapMany: (real, granter, refs, flags, handles, offsets, at, count) => {
          const status = real(granter, refs, flags, handles, offsets, at, count);
          if (memory === undefined || (flags & GNTMAP_readonly) !== 0) return status;
          for (let i = at; i < at + count; i++) {
            const scratch = SCRATCH_BYTE + late.length * PAGE_BYTES;
            late.push([offsets[i], scratch]);
            offsets[i] = scratch;
          }
          return status;
        },
      },
      write: ({offset}, value, store) => {
        store(value);
        if (offset !== RSP_PROD) return;
        for (const [at, scratch] of late.splice(0)) memory?.copyWithin(at, scratch, scratch + PAGE_BYTES);
      },
    };
  },
};
