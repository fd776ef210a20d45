/**
 * Layouts of the shared rings. What a ring does is in `../ring.ts` and `../byte-ring.ts`.
 * @see ring.h
 */
import {FLEXIBLE, inlineStruct, inlineUnion, scalar, struct, uint8_t, union} from '../ctype.ts';
import type {Abi, Struct} from '../ctype.ts';
import {grant_ref_t} from '../grant-table.ts';
import {offsetOf, offsetsOf, sizeOf} from '../layout.ts';

export const RING_IDX = scalar('RING_IDX', 'u32');

/** Pages of ring protocols and hypercalls are of 4 KiB, whatever the guest's own page size. */
export const XEN_PAGE_SHIFT = 12;

/** What DEFINE_RING_TYPES makes of a request and a response. */
export interface RingTypes {
  readonly tag: string;
  readonly request: Struct;
  readonly response: Struct;
  /** `union TAG_sring_entry` */
  readonly entry: Struct;
  /** `struct TAG_sring` */
  readonly sring: Struct;
}

const sringHead = [
  ['req_prod', RING_IDX],
  ['req_event', RING_IDX],
  ['rsp_prod', RING_IDX],
  ['rsp_event', RING_IDX],
  [
    'pvt',
    inlineUnion([
      ['netif', inlineStruct([['smartpoll_active', uint8_t]])],
      ['tapif_user', inlineStruct([['msg', uint8_t]])],
      ['pvt_pad', uint8_t, 4],
    ]),
  ],
  ['__pad', uint8_t, 44],
] as const;

/** Byte offsets of the fields before the entries: the same for all rings on all ABIs. */
export const SRING_OFFSETS = offsetsOf(struct('sring', sringHead), 'x86_64');

/** @see ring.h, DEFINE_RING_TYPES */
export const ringTypes = (tag: string, request: Struct, response: Struct): RingTypes => {
  const entry = union(`${tag}_sring_entry`, [
    ['req', request],
    ['rsp', response],
  ]);
  const sring = struct(`${tag}_sring`, [...sringHead, ['ring', entry, 1]]);
  return {tag, request, response, entry, sring};
};

/** Where the parts of one ring lie, in bytes. */
export interface RingGeometry {
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly entryBytes: number;
  /** Of entry 0 from the start of the area. */
  readonly ringOffset: number;
}

export const ringGeometry = (ring: RingTypes, abi: Abi): RingGeometry => ({
  requestBytes: sizeOf(ring.request, abi),
  responseBytes: sizeOf(ring.response, abi),
  entryBytes: sizeOf(ring.entry, abi),
  ringOffset: offsetOf(ring.sring, 'ring', abi),
});

/**
 * RING_SIZE: entries that an area of `areaBytes` holds, rounded down to a power of two; 0 when not even one fits.
 * @see ring.h, __CONST_RING_SIZE
 */
export const ringEntries = (areaBytes: number, ringOffset: number, entryBytes: number): number => {
  const fit = Math.floor((areaBytes - ringOffset) / entryBytes);
  return fit < 1 ? 0 : 2 ** Math.floor(Math.log2(fit));
};

/** Bytes of one direction of a pair of flex rings. @see ring.h, XEN_FLEX_RING_SIZE */
export const XEN_FLEX_RING_SIZE = (order: number): number => 2 ** (order + XEN_PAGE_SHIFT - 1);

/** The page of indexes of a pair of flex rings. @see ring.h, DEFINE_XEN_FLEX_RING_AND_INTF */
export const flexRingIntf = (name: string) =>
  struct(`${name}_data_intf`, [
    ['in_cons', RING_IDX],
    ['in_prod', RING_IDX],
    ['pad1', uint8_t, 56],
    ['out_cons', RING_IDX],
    ['out_prod', RING_IDX],
    ['pad2', uint8_t, 56],
    ['ring_order', RING_IDX],
    ['ref', grant_ref_t, FLEXIBLE],
  ]);
