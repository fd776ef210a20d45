import {
  BLKIF_MAX_SEGMENTS_PER_REQUEST,
  BLKIF_RSP_EOPNOTSUPP,
  BLKIF_RSP_ERROR,
  BLKIF_RSP_OKAY,
} from '../../hypervisor/abi/io/blkif.ts';
import type {SectorUnits} from '../../hypervisor/abi/io/blkif-sectors.ts';
import {type BlockRequest, SEGMENT_WORDS} from './request.ts';

const PAGE_BYTES = 4096;

/** What a request is checked against. */
export interface DiskLimits {
  readonly sizeBytes: number;
  /** The disk's own sectors: where requests have to begin and end. */
  readonly sectorBytes: number;
  readonly units: SectorUnits;
  readonly readonly: boolean;
  readonly discard: boolean;
}

/** Bytes that the segments name, or -1 when one of them is not whole sectors of a page, or there are none or too many. */
const countBytes = (request: BlockRequest, maxSegments: number, {sectorBytes, units}: DiskLimits): number => {
  const {nrSegments, segments, segmentsAt} = request;
  if (nrSegments === 0 || nrSegments > maxSegments) return -1;
  const unit = units.segment;
  let bytes = 0;
  let lengths = 0;
  for (let i = 0, word = segmentsAt + 1; i < nrSegments; i++, word += SEGMENT_WORDS) {
    const start = (segments[word] & 0xff) * unit;
    const end = (((segments[word] >>> 8) & 0xff) + 1) * unit;
    if (start >= end || end > PAGE_BYTES) return -1;
    lengths |= end - start;
    bytes += end - start;
  }
  return (lengths & (sectorBytes - 1)) === 0 ? bytes : -1;
};

/**
 * BLKIF_RSP_OKAY when a request with data may be done, else the status to answer. The segments of an indirect one have
 * been counted and copied.
 */
export const checkData = (request: BlockRequest, limits: DiskLimits, write: boolean): number => {
  if (write && limits.readonly) return BLKIF_RSP_ERROR;
  const maxSegments = request.isIndirect ? request.nrSegments : BLKIF_MAX_SEGMENTS_PER_REQUEST;
  const bytes = countBytes(request, maxSegments, limits);
  const start = request.sector * limits.units.number;
  const fits = bytes > 0 && start % limits.sectorBytes === 0 && start + bytes <= limits.sizeBytes;
  return fits ? BLKIF_RSP_OKAY : BLKIF_RSP_ERROR;
};

/** The same for a discard. */
export const checkDiscard = (request: BlockRequest, limits: DiskLimits): number => {
  if (limits.readonly) return BLKIF_RSP_ERROR;
  if (!limits.discard) return BLKIF_RSP_EOPNOTSUPP;
  const start = request.sector * limits.units.number;
  const end = start + request.discardSectors * limits.units.number;
  const fits = start % limits.sectorBytes === 0 && end % limits.sectorBytes === 0 && end <= limits.sizeBytes;
  return fits ? BLKIF_RSP_OKAY : BLKIF_RSP_ERROR;
};
