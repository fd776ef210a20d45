/**
 * Sound: requests on a ring, position events on a page of their own.
 * @see sndif.h
 */
import {inlineStruct, inlineUnion, int32_t, struct, uint16_t, uint32_t, uint64_t, uint8_t} from '../ctype.ts';
import {grant_ref_t} from '../grant-table.ts';
import {ringTypes} from './ring.ts';

export const XENSND_PROTOCOL_VERSION = 2;

export const XENSND_PCM_FORMAT_S8 = 0;
export const XENSND_PCM_FORMAT_U8 = 1;
export const XENSND_PCM_FORMAT_S16_LE = 2;
export const XENSND_PCM_FORMAT_S16_BE = 3;
export const XENSND_PCM_FORMAT_U16_LE = 4;
export const XENSND_PCM_FORMAT_U16_BE = 5;
export const XENSND_PCM_FORMAT_S24_LE = 6;
export const XENSND_PCM_FORMAT_S24_BE = 7;
export const XENSND_PCM_FORMAT_U24_LE = 8;
export const XENSND_PCM_FORMAT_U24_BE = 9;
export const XENSND_PCM_FORMAT_S32_LE = 10;
export const XENSND_PCM_FORMAT_S32_BE = 11;
export const XENSND_PCM_FORMAT_U32_LE = 12;
export const XENSND_PCM_FORMAT_U32_BE = 13;
export const XENSND_PCM_FORMAT_F32_LE = 14;
export const XENSND_PCM_FORMAT_F32_BE = 15;
export const XENSND_PCM_FORMAT_F64_LE = 16;
export const XENSND_PCM_FORMAT_F64_BE = 17;
export const XENSND_PCM_FORMAT_IEC958_SUBFRAME_LE = 18;
export const XENSND_PCM_FORMAT_IEC958_SUBFRAME_BE = 19;
export const XENSND_PCM_FORMAT_MU_LAW = 20;
export const XENSND_PCM_FORMAT_A_LAW = 21;
export const XENSND_PCM_FORMAT_IMA_ADPCM = 22;
export const XENSND_PCM_FORMAT_MPEG = 23;
export const XENSND_PCM_FORMAT_GSM = 24;

export const XENSND_OP_OPEN = 0;
export const XENSND_OP_CLOSE = 1;
export const XENSND_OP_READ = 2;
export const XENSND_OP_WRITE = 3;
export const XENSND_OP_SET_VOLUME = 4;
export const XENSND_OP_GET_VOLUME = 5;
export const XENSND_OP_MUTE = 6;
export const XENSND_OP_UNMUTE = 7;
export const XENSND_OP_TRIGGER = 8;
export const XENSND_OP_HW_PARAM_QUERY = 9;
export const XENSND_OP_TRIGGER_START = 0;
export const XENSND_OP_TRIGGER_PAUSE = 1;
export const XENSND_OP_TRIGGER_STOP = 2;
export const XENSND_OP_TRIGGER_RESUME = 3;

export const XENSND_EVT_CUR_POS = 0;

export const XENSND_DRIVER_NAME = 'vsnd';

export const XENSND_LIST_SEPARATOR = ',';

export const XENSND_FIELD_BE_VERSIONS = 'versions';
export const XENSND_FIELD_FE_VERSION = 'version';
export const XENSND_FIELD_VCARD_SHORT_NAME = 'short-name';
export const XENSND_FIELD_VCARD_LONG_NAME = 'long-name';
export const XENSND_FIELD_RING_REF = 'ring-ref';
export const XENSND_FIELD_EVT_CHNL = 'event-channel';
export const XENSND_FIELD_EVT_RING_REF = 'evt-ring-ref';
export const XENSND_FIELD_EVT_EVT_CHNL = 'evt-event-channel';
export const XENSND_FIELD_DEVICE_NAME = 'name';
export const XENSND_FIELD_TYPE = 'type';
export const XENSND_FIELD_STREAM_UNIQUE_ID = 'unique-id';
export const XENSND_FIELD_CHANNELS_MIN = 'channels-min';
export const XENSND_FIELD_CHANNELS_MAX = 'channels-max';
export const XENSND_FIELD_SAMPLE_RATES = 'sample-rates';
export const XENSND_FIELD_SAMPLE_FORMATS = 'sample-formats';
export const XENSND_FIELD_BUFFER_SIZE = 'buffer-size';

export const XENSND_STREAM_TYPE_PLAYBACK = 'p';
export const XENSND_STREAM_TYPE_CAPTURE = 'c';

export const XENSND_SAMPLE_RATE_MAX_LEN = 11;
export const XENSND_SAMPLE_FORMAT_MAX_LEN = 24;

export const XENSND_PCM_FORMAT_S8_STR = 's8';
export const XENSND_PCM_FORMAT_U8_STR = 'u8';
export const XENSND_PCM_FORMAT_S16_LE_STR = 's16_le';
export const XENSND_PCM_FORMAT_S16_BE_STR = 's16_be';
export const XENSND_PCM_FORMAT_U16_LE_STR = 'u16_le';
export const XENSND_PCM_FORMAT_U16_BE_STR = 'u16_be';
export const XENSND_PCM_FORMAT_S24_LE_STR = 's24_le';
export const XENSND_PCM_FORMAT_S24_BE_STR = 's24_be';
export const XENSND_PCM_FORMAT_U24_LE_STR = 'u24_le';
export const XENSND_PCM_FORMAT_U24_BE_STR = 'u24_be';
export const XENSND_PCM_FORMAT_S32_LE_STR = 's32_le';
export const XENSND_PCM_FORMAT_S32_BE_STR = 's32_be';
export const XENSND_PCM_FORMAT_U32_LE_STR = 'u32_le';
export const XENSND_PCM_FORMAT_U32_BE_STR = 'u32_be';
export const XENSND_PCM_FORMAT_F32_LE_STR = 'float_le';
export const XENSND_PCM_FORMAT_F32_BE_STR = 'float_be';
export const XENSND_PCM_FORMAT_F64_LE_STR = 'float64_le';
export const XENSND_PCM_FORMAT_F64_BE_STR = 'float64_be';
export const XENSND_PCM_FORMAT_IEC958_SUBFRAME_LE_STR = 'iec958_subframe_le';
export const XENSND_PCM_FORMAT_IEC958_SUBFRAME_BE_STR = 'iec958_subframe_be';
export const XENSND_PCM_FORMAT_MU_LAW_STR = 'mu_law';
export const XENSND_PCM_FORMAT_A_LAW_STR = 'a_law';
export const XENSND_PCM_FORMAT_IMA_ADPCM_STR = 'ima_adpcm';
export const XENSND_PCM_FORMAT_MPEG_STR = 'mpeg';
export const XENSND_PCM_FORMAT_GSM_STR = 'gsm';

export const xensnd_open_req = struct('xensnd_open_req', [
  ['pcm_rate', uint32_t],
  ['pcm_format', uint8_t],
  ['pcm_channels', uint8_t],
  ['reserved', uint16_t],
  ['buffer_sz', uint32_t],
  ['gref_directory', grant_ref_t],
  ['period_sz', uint32_t],
]);

export const xensnd_page_directory = struct('xensnd_page_directory', [
  ['gref_dir_next_page', grant_ref_t],
  ['gref', grant_ref_t, 1],
]);

export const xensnd_rw_req = struct('xensnd_rw_req', [
  ['offset', uint32_t],
  ['length', uint32_t],
]);

export const xensnd_trigger_req = struct('xensnd_trigger_req', [['type', uint8_t]]);

export const xensnd_query_hw_param = struct('xensnd_query_hw_param', [
  ['formats', uint64_t],
  [
    'rates',
    inlineStruct([
      ['min', uint32_t],
      ['max', uint32_t],
    ]),
  ],
  [
    'channels',
    inlineStruct([
      ['min', uint32_t],
      ['max', uint32_t],
    ]),
  ],
  [
    'buffer',
    inlineStruct([
      ['min', uint32_t],
      ['max', uint32_t],
    ]),
  ],
  [
    'period',
    inlineStruct([
      ['min', uint32_t],
      ['max', uint32_t],
    ]),
  ],
]);

export const xensnd_cur_pos_evt = struct('xensnd_cur_pos_evt', [['position', uint64_t]]);

export const xensnd_req = struct('xensnd_req', [
  ['id', uint16_t],
  ['operation', uint8_t],
  ['reserved', uint8_t, 5],
  [
    'op',
    inlineUnion([
      ['open', xensnd_open_req],
      ['rw', xensnd_rw_req],
      ['trigger', xensnd_trigger_req],
      ['hw_param', xensnd_query_hw_param],
      ['reserved', uint8_t, 56],
    ]),
  ],
]);

export const xensnd_resp = struct('xensnd_resp', [
  ['id', uint16_t],
  ['operation', uint8_t],
  ['reserved', uint8_t],
  ['status', int32_t],
  [
    'resp',
    inlineUnion([
      ['hw_param', xensnd_query_hw_param],
      ['reserved1', uint8_t, 56],
    ]),
  ],
]);

export const xensnd_evt = struct('xensnd_evt', [
  ['id', uint16_t],
  ['type', uint8_t],
  ['reserved', uint8_t, 5],
  [
    'op',
    inlineUnion([
      ['cur_pos', xensnd_cur_pos_evt],
      ['reserved', uint8_t, 56],
    ]),
  ],
]);

export const xen_sndif_ring = ringTypes('xen_sndif', xensnd_req, xensnd_resp);

export const xensnd_event_page = struct('xensnd_event_page', [
  ['in_cons', uint32_t],
  ['in_prod', uint32_t],
  ['reserved', uint8_t, 56],
]);

export const XENSND_EVENT_PAGE_SIZE = 4096;
export const XENSND_IN_RING_OFFS = 64;
export const XENSND_IN_RING_SIZE = XENSND_EVENT_PAGE_SIZE - XENSND_IN_RING_OFFS;
export const XENSND_IN_RING_LEN = 63;
