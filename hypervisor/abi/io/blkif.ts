/**
 * Block device ring. Sectors are 512 bytes whatever the disk's own sector size.
 * @see blkif.h
 */
import {int16_t, struct, uint16_t, uint64_t, uint8_t} from '../ctype.ts';
import {grant_ref_t} from '../grant-table.ts';
import {ringTypes} from './ring.ts';

/** Operations. */
export const BLKIF_OP_READ = 0;
export const BLKIF_OP_WRITE = 1;
export const BLKIF_OP_WRITE_BARRIER = 2;
export const BLKIF_OP_FLUSH_DISKCACHE = 3;
export const BLKIF_OP_RESERVED_1 = 4;
export const BLKIF_OP_DISCARD = 5;
export const BLKIF_OP_INDIRECT = 6;

/** Data pages of a plain request, and pages of segments of an indirect one. */
export const BLKIF_MAX_SEGMENTS_PER_REQUEST = 11;
export const BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST = 8;

/** Sectors first_sect..last_sect (both included, 0..7) of one granted page. */
export const blkif_request_segment = struct('blkif_request_segment', [
  ['gref', grant_ref_t],
  ['first_sect', uint8_t],
  ['last_sect', uint8_t],
]);

/** BLKIF_OP_READ, _WRITE, _WRITE_BARRIER and _FLUSH_DISKCACHE. */
export const blkif_request = struct('blkif_request', [
  ['operation', uint8_t],
  ['nr_segments', uint8_t],
  ['handle', uint16_t],
  ['id', uint64_t],
  ['sector_number', uint64_t],
  ['seg', blkif_request_segment, BLKIF_MAX_SEGMENTS_PER_REQUEST],
]);

/** BLKIF_OP_DISCARD. The frontend casts a request slot to it. */
export const blkif_request_discard = struct('blkif_request_discard', [
  ['operation', uint8_t],
  ['flag', uint8_t],
  ['handle', uint16_t],
  ['id', uint64_t],
  ['sector_number', uint64_t],
  ['nr_sectors', uint64_t],
]);

/** blkif_request_discard.flag */
export const BLKIF_DISCARD_SECURE = 1 << 0;

/** BLKIF_OP_INDIRECT: the segments lie in granted pages, 512 of blkif_request_segment a page. */
export const blkif_request_indirect = struct('blkif_request_indirect', [
  ['operation', uint8_t],
  ['indirect_op', uint8_t],
  ['nr_segments', uint16_t],
  ['id', uint64_t],
  ['sector_number', uint64_t],
  ['handle', uint16_t],
  ['indirect_grefs', grant_ref_t, BLKIF_MAX_INDIRECT_PAGES_PER_REQUEST],
  ['pad', {x86_32: uint64_t}],
]);

export const blkif_response = struct('blkif_response', [
  ['id', uint64_t],
  ['operation', uint8_t],
  ['status', int16_t],
]);

/** blkif_response.status */
export const BLKIF_RSP_EOPNOTSUPP = -2;
export const BLKIF_RSP_ERROR = -1;
export const BLKIF_RSP_OKAY = 0;

export const blkif_ring = ringTypes('blkif', blkif_request, blkif_response);

/** Bits of the backend's `info` node. */
export const VDISK_CDROM = 0x1;
export const VDISK_REMOVABLE = 0x2;
export const VDISK_READONLY = 0x4;
