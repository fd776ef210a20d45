/**
 * What the slots of a vector file hold: a rule from the counter of a request or response to its fields. Only the named
 * fields are written; a slot keeps its other bytes.
 */
import type {Struct} from '../ctype.ts';
import {blkif_request, blkif_request_discard, blkif_request_indirect, blkif_response} from '../io/blkif.ts';
import {
  netif_extra_info,
  netif_rx_request,
  netif_rx_response,
  netif_tx_request,
  netif_tx_response,
} from '../io/netif.ts';
import type {StructInput, Words} from '../value.ts';

export interface SlotContents {
  readonly struct: Struct;
  readonly fields: StructInput;
}

export interface SlotRules {
  readonly request: (counter: number) => SlotContents;
  readonly response: (counter: number) => SlotContents;
}

const TWO_32 = 2 ** 32;

/** 0x1122334400000000 + counter */
const blkifId = (counter: number): Words => [counter % TWO_32, 0x11223344 + Math.floor(counter / TWO_32)];

const blkifHandle = (counter: number): number => 0xca00 + (counter & 255);

const blkifIndirect = (c: number): SlotContents => ({
  struct: blkif_request_indirect,
  fields: {
    operation: 6,
    indirect_op: c % 2,
    nr_segments: 32 + (c % 200),
    id: blkifId(c),
    sector_number: 8 * c,
    handle: blkifHandle(c),
    indirect_grefs: Array.from({length: 8}, (_, i) => 8 + 11 * c + i),
  },
});

const blkifDiscard = (c: number): SlotContents => ({
  struct: blkif_request_discard,
  fields: {
    operation: 5,
    flag: c & 1,
    handle: blkifHandle(c),
    id: blkifId(c),
    sector_number: 8 * c,
    nr_sectors: 3 * c + TWO_32,
  },
});

const blkifReadWrite = (c: number): SlotContents => ({
  struct: blkif_request,
  fields: {
    operation: c % 2,
    nr_segments: 1 + (c % 11),
    handle: blkifHandle(c),
    id: blkifId(c),
    sector_number: 8 * c + 2 * TWO_32,
    seg: Array.from({length: 1 + (c % 11)}, (_, i) => ({
      gref: 8 + 11 * c + i,
      first_sect: (c + i) % 4,
      last_sect: 4 + ((c + i) % 4),
    })),
  },
});

const BLKIF_BY_REMAINDER: Readonly<Record<number, (c: number) => SlotContents>> = {5: blkifIndirect, 3: blkifDiscard};

const blkifStatus = (d: number): number => {
  if (d % 5 === 4) return -1;
  return d % 9 === 8 ? -2 : 0;
};

const netifExtra = (counter: number): SlotContents => ({
  struct: netif_extra_info,
  fields: {type: 1, flags: counter & 1, u: {gso: {size: 1448, type: 1 + (counter & 1), pad: 0, features: 0}}},
});

const netifTxRequest = (c: number): SlotContents => ({
  struct: netif_tx_request,
  fields: {gref: 8 + c, offset: (64 * c) & 0xfff, flags: c & 15, id: c & 0xffff, size: 64 + (c % 1437)},
});

const netifTxStatus = (d: number): number => {
  if (d % 5 === 3) return 1;
  return d % 11 === 10 ? -1 : 0;
};

const netifRxResponse = (d: number): SlotContents => ({
  struct: netif_rx_response,
  fields: {id: d & 0xffff, offset: d & 0xfff, flags: d & 31, status: d % 13 === 12 ? -1 : 60 + (d % 1440)},
});

/** By ring tag. */
export const SLOT_RULES: ReadonlyMap<string, SlotRules> = new Map<string, SlotRules>([
  [
    'blkif',
    {
      request: (c) => (BLKIF_BY_REMAINDER[c % 7] ?? blkifReadWrite)(c),
      response: (d) => ({struct: blkif_response, fields: {id: blkifId(d), operation: d % 2, status: blkifStatus(d)}}),
    },
  ],
  [
    'netif_tx',
    {
      request: (c) => (c % 5 === 3 ? netifExtra(c) : netifTxRequest(c)),
      response: (d) => ({struct: netif_tx_response, fields: {id: d & 0xffff, status: netifTxStatus(d)}}),
    },
  ],
  [
    'netif_rx',
    {
      request: (c) => ({struct: netif_rx_request, fields: {id: c & 0xffff, pad: 0, gref: 8 + c}}),
      response: (d) => (d % 5 === 3 ? netifExtra(d) : netifRxResponse(d)),
    },
  ],
]);
