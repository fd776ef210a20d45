import {BLKIF_RSP_EOPNOTSUPP, BLKIF_RSP_ERROR, BLKIF_RSP_OKAY} from '../../hypervisor/abi/io/blkif.ts';
import type {SectorUnits} from '../../hypervisor/abi/io/blkif-sectors.ts';
import type {BlockRequest} from './request.ts';

/** What a request is checked against. */
export interface DiskLimits {
  readonly sizeBytes: number;
  /** The disk's own sectors: where requests have to begin and end. */
  readonly sectorBytes: number;
  readonly units: SectorUnits;
  readonly readonly: boolean;
  readonly discard: boolean;
}

/**
 * BLKIF_RSP_OKAY when a request with data may be done, else the status to answer. `bytes`: what its segments name, below 0
 * when they are no ranges of pages.
 */
export const checkData = (request: BlockRequest, bytes: number, limits: DiskLimits, write: boolean): number => {
  if (bytes < 0 || (write && limits.readonly)) return BLKIF_RSP_ERROR;
  const start = request.sector * limits.units.number;
  const fits = start % limits.sectorBytes === 0 && start + bytes <= limits.sizeBytes;
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
