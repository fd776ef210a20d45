/**
 * SCSI commands to logical units of the host.
 * @see vscsiif.h
 */
import {int32_t, struct, typedef, uint16_t, uint32_t, uint8_t} from '../ctype.ts';
import {grant_ref_t} from '../grant-table.ts';
import {ringTypes} from './ring.ts';

/** vscsiif_request.act */
export const VSCSIIF_ACT_SCSI_CDB = 1;
export const VSCSIIF_ACT_SCSI_ABORT = 2;
export const VSCSIIF_ACT_SCSI_RESET = 3;
export const VSCSIIF_ACT_SCSI_SG_PRESET = 4;

export const VSCSIIF_SG_TABLESIZE = 26;

export const VSCSIIF_MAX_COMMAND_SIZE = 16;
export const VSCSIIF_SENSE_BUFFERSIZE = 96;
export const VSCSIIF_PAGE_SIZE = 4096;

export const scsiif_request_segment = struct('scsiif_request_segment', [
  ['gref', grant_ref_t],
  ['offset', uint16_t],
  ['length', uint16_t],
]);

export const vscsiif_segment_t = typedef(scsiif_request_segment, 'vscsiif_segment_t');

export const VSCSIIF_SG_PER_PAGE = 512;

export const vscsiif_request = struct('vscsiif_request', [
  ['rqid', uint16_t],
  ['act', uint8_t],
  ['cmd_len', uint8_t],
  ['cmnd', uint8_t, VSCSIIF_MAX_COMMAND_SIZE],
  ['timeout_per_command', uint16_t],
  ['channel', uint16_t],
  ['id', uint16_t],
  ['lun', uint16_t],
  ['ref_rqid', uint16_t],
  ['sc_data_direction', uint8_t],
  ['nr_segments', uint8_t],
  ['seg', vscsiif_segment_t, VSCSIIF_SG_TABLESIZE],
  ['reserved', uint32_t, 3],
]);

export const VSCSIIF_SG_GRANT = 0x80;
export const VSCSIIF_SG_LIST_SIZE = 31;

export const vscsiif_sg_list = struct('vscsiif_sg_list', [
  ['rqid', uint16_t],
  ['act', uint8_t],
  ['nr_segments', uint8_t],
  ['seg', vscsiif_segment_t, VSCSIIF_SG_LIST_SIZE],
]);

export const vscsiif_response = struct('vscsiif_response', [
  ['rqid', uint16_t],
  ['act', uint8_t],
  ['sense_len', uint8_t],
  ['sense_buffer', uint8_t, VSCSIIF_SENSE_BUFFERSIZE],
  ['rslt', int32_t],
  ['residual_len', uint32_t],
  ['reserved', uint32_t, 36],
]);

/** vscsiif_response.rslt: the host byte in bits 16..23, the SCSI status in bits 0..7. */
export const XEN_VSCSIIF_RSLT_HOST_OK = 0;
export const XEN_VSCSIIF_RSLT_HOST_NO_CONNECT = 1;
export const XEN_VSCSIIF_RSLT_HOST_BUS_BUSY = 2;
export const XEN_VSCSIIF_RSLT_HOST_TIME_OUT = 3;
export const XEN_VSCSIIF_RSLT_HOST_BAD_TARGET = 4;
export const XEN_VSCSIIF_RSLT_HOST_ABORT = 5;
export const XEN_VSCSIIF_RSLT_HOST_PARITY = 6;
export const XEN_VSCSIIF_RSLT_HOST_ERROR = 7;
export const XEN_VSCSIIF_RSLT_HOST_RESET = 8;
export const XEN_VSCSIIF_RSLT_HOST_BAD_INTR = 9;
export const XEN_VSCSIIF_RSLT_HOST_PASSTHROUGH = 10;
export const XEN_VSCSIIF_RSLT_HOST_SOFT_ERROR = 11;
export const XEN_VSCSIIF_RSLT_HOST_IMM_RETRY = 12;
export const XEN_VSCSIIF_RSLT_HOST_REQUEUE = 13;
export const XEN_VSCSIIF_RSLT_HOST_TRANSPORT_DISRUPTED = 14;
export const XEN_VSCSIIF_RSLT_HOST_TRANSPORT_FAILFAST = 15;
export const XEN_VSCSIIF_RSLT_HOST_TARGET_FAILURE = 16;
export const XEN_VSCSIIF_RSLT_HOST_NEXUS_FAILURE = 17;
export const XEN_VSCSIIF_RSLT_HOST_ALLOC_FAILURE = 18;
export const XEN_VSCSIIF_RSLT_HOST_MEDIUM_ERROR = 19;
export const XEN_VSCSIIF_RSLT_HOST_TRANSPORT_MARGINAL = 20;
export const XEN_VSCSIIF_RSLT_RESET_SUCCESS = 0x2002;
export const XEN_VSCSIIF_RSLT_RESET_FAILED = 0x2003;

export const vscsiif_ring = ringTypes('vscsiif', vscsiif_request, vscsiif_response);
