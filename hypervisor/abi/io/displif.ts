/**
 * Display: requests on a ring, page-flip events on a page of their own.
 * @see displif.h
 */
import {inlineUnion, int32_t, struct, uint16_t, uint32_t, uint64_t, uint8_t} from '../ctype.ts';
import {grant_ref_t} from '../grant-table.ts';
import {ringTypes} from './ring.ts';

export const XENDISPL_PROTOCOL_VERSION = '2';
export const XENDISPL_PROTOCOL_VERSION_INT = 2;

export const XENDISPL_OP_DBUF_CREATE = 0x10;
export const XENDISPL_OP_DBUF_DESTROY = 0x11;
export const XENDISPL_OP_FB_ATTACH = 0x12;
export const XENDISPL_OP_FB_DETACH = 0x13;
export const XENDISPL_OP_SET_CONFIG = 0x14;
export const XENDISPL_OP_PG_FLIP = 0x15;
export const XENDISPL_OP_GET_EDID = 0x16;

export const XENDISPL_EVT_PG_FLIP = 0x00;

export const XENDISPL_DRIVER_NAME = 'vdispl';

export const XENDISPL_LIST_SEPARATOR = ',';
export const XENDISPL_RESOLUTION_SEPARATOR = 'x';

export const XENDISPL_FIELD_BE_VERSIONS = 'versions';
export const XENDISPL_FIELD_FE_VERSION = 'version';
export const XENDISPL_FIELD_REQ_RING_REF = 'req-ring-ref';
export const XENDISPL_FIELD_REQ_CHANNEL = 'req-event-channel';
export const XENDISPL_FIELD_EVT_RING_REF = 'evt-ring-ref';
export const XENDISPL_FIELD_EVT_CHANNEL = 'evt-event-channel';
export const XENDISPL_FIELD_RESOLUTION = 'resolution';
export const XENDISPL_FIELD_BE_ALLOC = 'be-alloc';
export const XENDISPL_FIELD_UNIQUE_ID = 'unique-id';

export const XENDISPL_EDID_BLOCK_SIZE = 128;
export const XENDISPL_EDID_BLOCK_COUNT = 256;
export const XENDISPL_EDID_MAX_SIZE = XENDISPL_EDID_BLOCK_SIZE * XENDISPL_EDID_BLOCK_COUNT;

export const XENDISPL_DBUF_FLG_REQ_ALLOC = 1 << 0;

export const xendispl_dbuf_create_req = struct('xendispl_dbuf_create_req', [
  ['dbuf_cookie', uint64_t],
  ['width', uint32_t],
  ['height', uint32_t],
  ['bpp', uint32_t],
  ['buffer_sz', uint32_t],
  ['flags', uint32_t],
  ['gref_directory', grant_ref_t],
  ['data_ofs', uint32_t],
]);

export const xendispl_page_directory = struct('xendispl_page_directory', [
  ['gref_dir_next_page', grant_ref_t],
  ['gref', grant_ref_t, 1],
]);

export const xendispl_dbuf_destroy_req = struct('xendispl_dbuf_destroy_req', [['dbuf_cookie', uint64_t]]);

export const xendispl_fb_attach_req = struct('xendispl_fb_attach_req', [
  ['dbuf_cookie', uint64_t],
  ['fb_cookie', uint64_t],
  ['width', uint32_t],
  ['height', uint32_t],
  ['pixel_format', uint32_t],
]);

export const xendispl_fb_detach_req = struct('xendispl_fb_detach_req', [['fb_cookie', uint64_t]]);

export const xendispl_set_config_req = struct('xendispl_set_config_req', [
  ['fb_cookie', uint64_t],
  ['x', uint32_t],
  ['y', uint32_t],
  ['width', uint32_t],
  ['height', uint32_t],
  ['bpp', uint32_t],
]);

export const xendispl_page_flip_req = struct('xendispl_page_flip_req', [['fb_cookie', uint64_t]]);

export const xendispl_get_edid_req = struct('xendispl_get_edid_req', [
  ['buffer_sz', uint32_t],
  ['gref_directory', grant_ref_t],
]);

export const xendispl_get_edid_resp = struct('xendispl_get_edid_resp', [['edid_sz', uint32_t]]);

export const xendispl_pg_flip_evt = struct('xendispl_pg_flip_evt', [['fb_cookie', uint64_t]]);

export const xendispl_req = struct('xendispl_req', [
  ['id', uint16_t],
  ['operation', uint8_t],
  ['reserved', uint8_t, 5],
  [
    'op',
    inlineUnion([
      ['dbuf_create', xendispl_dbuf_create_req],
      ['dbuf_destroy', xendispl_dbuf_destroy_req],
      ['fb_attach', xendispl_fb_attach_req],
      ['fb_detach', xendispl_fb_detach_req],
      ['set_config', xendispl_set_config_req],
      ['pg_flip', xendispl_page_flip_req],
      ['get_edid', xendispl_get_edid_req],
      ['reserved', uint8_t, 56],
    ]),
  ],
]);

export const xendispl_resp = struct('xendispl_resp', [
  ['id', uint16_t],
  ['operation', uint8_t],
  ['reserved', uint8_t],
  ['status', int32_t],
  [
    'op',
    inlineUnion([
      ['get_edid', xendispl_get_edid_resp],
      ['reserved1', uint8_t, 56],
    ]),
  ],
]);

export const xendispl_evt = struct('xendispl_evt', [
  ['id', uint16_t],
  ['type', uint8_t],
  ['reserved', uint8_t, 5],
  [
    'op',
    inlineUnion([
      ['pg_flip', xendispl_pg_flip_evt],
      ['reserved', uint8_t, 56],
    ]),
  ],
]);

export const xen_displif_ring = ringTypes('xen_displif', xendispl_req, xendispl_resp);

export const xendispl_event_page = struct('xendispl_event_page', [
  ['in_cons', uint32_t],
  ['in_prod', uint32_t],
  ['reserved', uint8_t, 56],
]);

export const XENDISPL_EVENT_PAGE_SIZE = 4096;
export const XENDISPL_IN_RING_OFFS = 64;
export const XENDISPL_IN_RING_SIZE = XENDISPL_EVENT_PAGE_SIZE - XENDISPL_IN_RING_OFFS;
export const XENDISPL_IN_RING_LEN = 63;
