import type {Abi} from '../../hypervisor/abi/ctype.ts';
import {
  blkif_request,
  blkif_request_discard,
  blkif_request_indirect,
  BLKIF_DISCARD_SECURE,
  BLKIF_MAX_SEGMENTS_PER_REQUEST,
  BLKIF_OP_DISCARD,
  BLKIF_OP_INDIRECT,
} from '../../hypervisor/abi/io/blkif.ts';
import {offsetOf, sizeOf} from '../../hypervisor/abi/layout.ts';
import {MAX_INDIRECT_SEGMENTS} from './features.ts';

/** Of a struct blkif_request_segment. */
export const SEGMENT_WORDS = 2;

/**
 * The backend's own copy of one request, in the frontend's ABI. The ring and the pages of segments are shared with the
 * guest: nothing is looked at before it is in here.
 * @see blkif.h, struct blkif_request, blkif_request_discard and blkif_request_indirect
 */
export class BlockRequest {
  readonly words: Uint32Array;
  private readonly idWord: number;
  private readonly sectorWord: number;
  private readonly segWord: number;
  private readonly nrSectorsWord: number;
  private readonly indirectWord: number;
  /** Segments of an indirect request, once they were copied out of their page. */
  private readonly copied = new Uint32Array(MAX_INDIRECT_SEGMENTS * SEGMENT_WORDS);
  /** Where the segments are: two words each, the reference and first_sect | last_sect << 8. */
  segments: Uint32Array = this.copied;
  segmentsAt = 0;

  constructor(abi: Abi) {
    this.words = new Uint32Array(Math.ceil(sizeOf(blkif_request, abi) / 4));
    this.idWord = offsetOf(blkif_request, 'id', abi) / 4;
    this.sectorWord = offsetOf(blkif_request, 'sector_number', abi) / 4;
    this.segWord = offsetOf(blkif_request, 'seg', abi) / 4;
    this.nrSectorsWord = offsetOf(blkif_request_discard, 'nr_sectors', abi) / 4;
    this.indirectWord = offsetOf(blkif_request_indirect, 'indirect_grefs', abi) / 4;
  }

  /** Words of the message that mean something, by what its first word says. */
  get wordsInUse(): number {
    if (this.operation === BLKIF_OP_INDIRECT) return this.indirectWord + 1;
    const segments =
      this.operation === BLKIF_OP_DISCARD ? 1 : Math.min(this.nrSegments, BLKIF_MAX_SEGMENTS_PER_REQUEST);
    return this.segWord + segments * SEGMENT_WORDS;
  }

  /** BLKIF_OP_* */
  get operation(): number {
    return this.words[0] & 0xff;
  }

  get isIndirect(): boolean {
    return this.operation === BLKIF_OP_INDIRECT;
  }

  /** What a response echoes: of an indirect request the operation inside, which is what Linux's blkfront looks for. */
  get answeredOperation(): number {
    return this.isIndirect ? (this.words[0] >>> 8) & 0xff : this.operation;
  }

  get nrSegments(): number {
    return this.isIndirect ? this.words[0] >>> 16 : (this.words[0] >>> 8) & 0xff;
  }

  get isSecureDiscard(): boolean {
    return ((this.words[0] >>> 8) & BLKIF_DISCARD_SECURE) !== 0;
  }

  /** The guest's own 64-bit number, as two words; at the same place in every kind of request. */
  get idLow(): number {
    return this.words[this.idWord];
  }

  get idHigh(): number {
    return this.words[this.idWord + 1];
  }

  /** In the disk's unit. Exact below 2^53; beyond that far outside of any disk. */
  get sector(): number {
    return this.words[this.sectorWord] + this.words[this.sectorWord + 1] * 2 ** 32;
  }

  /** nr_sectors of a discard. */
  get discardSectors(): number {
    return this.words[this.nrSectorsWord] + this.words[this.nrSectorsWord + 1] * 2 ** 32;
  }

  /** The page of an indirect request's segments: 256 fit into one, so the other references mean nothing. */
  get segmentsGref(): number {
    return this.words[this.indirectWord];
  }

  /** To be called once the words are there. */
  findSegments(): void {
    this.segments = this.words;
    this.segmentsAt = this.segWord;
  }

  /** Copies an indirect request's segments out of the page at that word. */
  copySegments(u32: Uint32Array, word: number): void {
    const {copied} = this;
    const words = this.nrSegments * SEGMENT_WORDS;
    for (let i = 0; i < words; i++) copied[i] = u32[word + i];
    this.segments = copied;
    this.segmentsAt = 0;
  }
}
