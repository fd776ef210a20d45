import type {Abi} from '../../hypervisor/abi/ctype.ts';
import {
  blkif_request,
  blkif_request_discard,
  BLKIF_MAX_SEGMENTS_PER_REQUEST,
  BLKIF_OP_DISCARD,
  BLKIF_RSP_EOPNOTSUPP,
  BLKIF_RSP_ERROR,
  BLKIF_RSP_OKAY,
} from '../../hypervisor/abi/io/blkif.ts';
import {offsetOf, sizeOf} from '../../hypervisor/abi/layout.ts';

const SECTORS_PER_PAGE = 8;
const SEGMENT_WORDS = 2;

/** What a request is checked against. */
export interface DiskLimits {
  /** Size in protocol sectors of 512 bytes. */
  readonly sectors: number;
  readonly readonly: boolean;
  readonly discard: boolean;
}

/**
 * The backend's own copy of one request, in the frontend's ABI. The ring is shared with the guest: nothing is looked at
 * before it is in here.
 * @see blkif.h, struct blkif_request and struct blkif_request_discard
 */
export class BlockRequest {
  readonly words: Uint32Array;
  private readonly idWord: number;
  private readonly sectorWord: number;
  private readonly segWord: number;
  private readonly nrSectorsWord: number;

  constructor(abi: Abi) {
    this.words = new Uint32Array(Math.ceil(sizeOf(blkif_request, abi) / 4));
    this.idWord = offsetOf(blkif_request, 'id', abi) / 4;
    this.sectorWord = offsetOf(blkif_request, 'sector_number', abi) / 4;
    this.segWord = offsetOf(blkif_request, 'seg', abi) / 4;
    this.nrSectorsWord = offsetOf(blkif_request_discard, 'nr_sectors', abi) / 4;
  }

  /** Words of the message that mean something, by what its first word says. */
  get wordsInUse(): number {
    const segments =
      this.operation === BLKIF_OP_DISCARD ? 1 : Math.min(this.nrSegments, BLKIF_MAX_SEGMENTS_PER_REQUEST);
    return this.segWord + segments * SEGMENT_WORDS;
  }

  /** BLKIF_OP_* */
  get operation(): number {
    return this.words[0] & 0xff;
  }

  get nrSegments(): number {
    return (this.words[0] >>> 8) & 0xff;
  }

  /** The guest's own 64-bit number, as two words. */
  get idLow(): number {
    return this.words[this.idWord];
  }

  get idHigh(): number {
    return this.words[this.idWord + 1];
  }

  /** Exact below 2^53; beyond that far outside of any disk. */
  get sector(): number {
    return this.words[this.sectorWord] + this.words[this.sectorWord + 1] * 2 ** 32;
  }

  /** nr_sectors of a discard. */
  get discardSectors(): number {
    return this.words[this.nrSectorsWord] + this.words[this.nrSectorsWord + 1] * 2 ** 32;
  }

  gref(segment: number): number {
    return this.words[this.segWord + segment * SEGMENT_WORDS];
  }

  firstSect(segment: number): number {
    return this.words[this.segWord + segment * SEGMENT_WORDS + 1] & 0xff;
  }

  lastSect(segment: number): number {
    return (this.words[this.segWord + segment * SEGMENT_WORDS + 1] >>> 8) & 0xff;
  }
}

/** Sectors that the segments name, or -1 when one of them is not a range of a page, or there are none or too many. */
const countSectors = (request: BlockRequest): number => {
  const {nrSegments} = request;
  if (nrSegments === 0 || nrSegments > BLKIF_MAX_SEGMENTS_PER_REQUEST) return -1;
  let sectors = 0;
  for (let i = 0; i < nrSegments; i++) {
    const first = request.firstSect(i);
    const last = request.lastSect(i);
    if (first > last || last >= SECTORS_PER_PAGE) return -1;
    sectors += last - first + 1;
  }
  return sectors;
};

/** BLKIF_RSP_OKAY when a request with data may be done, else the status to answer. */
export const checkData = (request: BlockRequest, limits: DiskLimits, write: boolean): number => {
  const sectors = countSectors(request);
  const fits = sectors > 0 && request.sector + sectors <= limits.sectors;
  return fits && !(write && limits.readonly) ? BLKIF_RSP_OKAY : BLKIF_RSP_ERROR;
};

/** The same for a discard. */
export const checkDiscard = (request: BlockRequest, limits: DiskLimits): number => {
  if (limits.readonly) return BLKIF_RSP_ERROR;
  if (!limits.discard) return BLKIF_RSP_EOPNOTSUPP;
  return request.sector + request.discardSectors > limits.sectors ? BLKIF_RSP_ERROR : BLKIF_RSP_OKAY;
};
