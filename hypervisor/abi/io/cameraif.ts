/**
 * Camera: requests on a ring, events on a page of their own.
 * @see cameraif.h
 */
import {inlineUnion, int32_t, int64_t, struct, uint16_t, uint32_t, uint8_t} from '../ctype.ts';
import {grant_ref_t} from '../grant-table.ts';
import {ringTypes} from './ring.ts';

export const XENCAMERA_PROTOCOL_VERSION = '1';

export const XENCAMERA_OP_CONFIG_SET = 0x00;
export const XENCAMERA_OP_CONFIG_GET = 0x01;
export const XENCAMERA_OP_CONFIG_VALIDATE = 0x02;
export const XENCAMERA_OP_FRAME_RATE_SET = 0x03;
export const XENCAMERA_OP_BUF_GET_LAYOUT = 0x04;
export const XENCAMERA_OP_BUF_REQUEST = 0x05;
export const XENCAMERA_OP_BUF_CREATE = 0x06;
export const XENCAMERA_OP_BUF_DESTROY = 0x07;
export const XENCAMERA_OP_BUF_QUEUE = 0x08;
export const XENCAMERA_OP_BUF_DEQUEUE = 0x09;
export const XENCAMERA_OP_CTRL_ENUM = 0x0a;
export const XENCAMERA_OP_CTRL_SET = 0x0b;
export const XENCAMERA_OP_CTRL_GET = 0x0c;
export const XENCAMERA_OP_STREAM_START = 0x0d;
export const XENCAMERA_OP_STREAM_STOP = 0x0e;

export const XENCAMERA_CTRL_BRIGHTNESS = 0;
export const XENCAMERA_CTRL_CONTRAST = 1;
export const XENCAMERA_CTRL_SATURATION = 2;
export const XENCAMERA_CTRL_HUE = 3;

export const XENCAMERA_MAX_CTRL = 4;

export const XENCAMERA_CTRL_FLG_RO = 1 << 0;
export const XENCAMERA_CTRL_FLG_WO = 1 << 1;
export const XENCAMERA_CTRL_FLG_VOLATILE = 1 << 2;

export const XENCAMERA_COLORSPACE_DEFAULT = 0;
export const XENCAMERA_COLORSPACE_SMPTE170M = 1;
export const XENCAMERA_COLORSPACE_REC709 = 2;
export const XENCAMERA_COLORSPACE_SRGB = 3;
export const XENCAMERA_COLORSPACE_OPRGB = 4;
export const XENCAMERA_COLORSPACE_BT2020 = 5;
export const XENCAMERA_COLORSPACE_DCI_P3 = 6;

export const XENCAMERA_XFER_FUNC_DEFAULT = 0;
export const XENCAMERA_XFER_FUNC_709 = 1;
export const XENCAMERA_XFER_FUNC_SRGB = 2;
export const XENCAMERA_XFER_FUNC_OPRGB = 3;
export const XENCAMERA_XFER_FUNC_NONE = 4;
export const XENCAMERA_XFER_FUNC_DCI_P3 = 5;
export const XENCAMERA_XFER_FUNC_SMPTE2084 = 6;

export const XENCAMERA_YCBCR_ENC_IGNORE = 0;
export const XENCAMERA_YCBCR_ENC_601 = 1;
export const XENCAMERA_YCBCR_ENC_709 = 2;
export const XENCAMERA_YCBCR_ENC_XV601 = 3;
export const XENCAMERA_YCBCR_ENC_XV709 = 4;
export const XENCAMERA_YCBCR_ENC_BT2020 = 5;
export const XENCAMERA_YCBCR_ENC_BT2020_CONST_LUM = 6;

export const XENCAMERA_QUANTIZATION_DEFAULT = 0;
export const XENCAMERA_QUANTIZATION_FULL_RANGE = 1;
export const XENCAMERA_QUANTIZATION_LIM_RANGE = 2;

export const XENCAMERA_EVT_FRAME_AVAIL = 0x00;
export const XENCAMERA_EVT_CTRL_CHANGE = 0x01;

export const XENCAMERA_DRIVER_NAME = 'vcamera';

export const XENCAMERA_LIST_SEPARATOR = ',';
export const XENCAMERA_RESOLUTION_SEPARATOR = 'x';
export const XENCAMERA_FRACTION_SEPARATOR = '/';

export const XENCAMERA_FIELD_BE_VERSIONS = 'versions';
export const XENCAMERA_FIELD_FE_VERSION = 'version';
export const XENCAMERA_FIELD_REQ_RING_REF = 'req-ring-ref';
export const XENCAMERA_FIELD_REQ_CHANNEL = 'req-event-channel';
export const XENCAMERA_FIELD_EVT_RING_REF = 'evt-ring-ref';
export const XENCAMERA_FIELD_EVT_CHANNEL = 'evt-event-channel';
export const XENCAMERA_FIELD_MAX_BUFFERS = 'max-buffers';
export const XENCAMERA_FIELD_CONTROLS = 'controls';
export const XENCAMERA_FIELD_FORMATS = 'formats';
export const XENCAMERA_FIELD_FRAME_RATES = 'frame-rates';
export const XENCAMERA_FIELD_BE_ALLOC = 'be-alloc';
export const XENCAMERA_FIELD_UNIQUE_ID = 'unique-id';

export const XENCAMERA_CTRL_BRIGHTNESS_STR = 'brightness';
export const XENCAMERA_CTRL_CONTRAST_STR = 'contrast';
export const XENCAMERA_CTRL_SATURATION_STR = 'saturation';
export const XENCAMERA_CTRL_HUE_STR = 'hue';

export const XENCAMERA_FOURCC_BIGENDIAN_STR = '-BE';

export const XENCAMERA_MAX_PLANE = 4;

export const xencamera_config_req = struct('xencamera_config_req', [
  ['pixel_format', uint32_t],
  ['width', uint32_t],
  ['height', uint32_t],
]);

export const xencamera_frame_rate_req = struct('xencamera_frame_rate_req', [
  ['frame_rate_numer', uint32_t],
  ['frame_rate_denom', uint32_t],
]);

export const xencamera_buf_request = struct('xencamera_buf_request', [['num_bufs', uint8_t]]);

export const xencamera_buf_create_req = struct('xencamera_buf_create_req', [
  ['index', uint8_t],
  ['reserved', uint8_t, 3],
  ['plane_offset', uint32_t, XENCAMERA_MAX_PLANE],
  ['gref_directory', grant_ref_t],
]);

export const xencamera_page_directory = struct('xencamera_page_directory', [
  ['gref_dir_next_page', grant_ref_t],
  ['gref', grant_ref_t, 1],
]);

export const xencamera_index = struct('xencamera_index', [['index', uint8_t]]);

export const xencamera_ctrl_value = struct('xencamera_ctrl_value', [
  ['type', uint8_t],
  ['reserved', uint8_t, 7],
  ['value', int64_t],
]);

export const xencamera_get_ctrl_req = struct('xencamera_get_ctrl_req', [['type', uint8_t]]);

export const xencamera_config_resp = struct('xencamera_config_resp', [
  ['pixel_format', uint32_t],
  ['width', uint32_t],
  ['height', uint32_t],
  ['colorspace', uint32_t],
  ['xfer_func', uint32_t],
  ['ycbcr_enc', uint32_t],
  ['quantization', uint32_t],
  ['displ_asp_ratio_numer', uint32_t],
  ['displ_asp_ratio_denom', uint32_t],
  ['frame_rate_numer', uint32_t],
  ['frame_rate_denom', uint32_t],
]);

export const xencamera_buf_get_layout_resp = struct('xencamera_buf_get_layout_resp', [
  ['num_planes', uint8_t],
  ['reserved', uint8_t, 3],
  ['size', uint32_t],
  ['plane_size', uint32_t, XENCAMERA_MAX_PLANE],
  ['plane_stride', uint32_t, XENCAMERA_MAX_PLANE],
]);

export const xencamera_ctrl_enum_resp = struct('xencamera_ctrl_enum_resp', [
  ['index', uint8_t],
  ['type', uint8_t],
  ['reserved', uint8_t, 2],
  ['flags', uint32_t],
  ['min', int64_t],
  ['max', int64_t],
  ['step', int64_t],
  ['def_val', int64_t],
]);

export const xencamera_frame_avail_evt = struct('xencamera_frame_avail_evt', [
  ['index', uint8_t],
  ['reserved', uint8_t, 3],
  ['used_sz', uint32_t],
  ['seq_num', uint32_t],
]);

export const xencamera_req = struct('xencamera_req', [
  ['id', uint16_t],
  ['operation', uint8_t],
  ['reserved', uint8_t, 5],
  [
    'req',
    inlineUnion([
      ['config', xencamera_config_req],
      ['frame_rate', xencamera_frame_rate_req],
      ['buf_request', xencamera_buf_request],
      ['buf_create', xencamera_buf_create_req],
      ['index', xencamera_index],
      ['ctrl_value', xencamera_ctrl_value],
      ['get_ctrl', xencamera_get_ctrl_req],
      ['reserved', uint8_t, 56],
    ]),
  ],
]);

export const xencamera_resp = struct('xencamera_resp', [
  ['id', uint16_t],
  ['operation', uint8_t],
  ['reserved', uint8_t],
  ['status', int32_t],
  [
    'resp',
    inlineUnion([
      ['config', xencamera_config_resp],
      ['buf_layout', xencamera_buf_get_layout_resp],
      ['buf_request', xencamera_buf_request],
      ['ctrl_enum', xencamera_ctrl_enum_resp],
      ['ctrl_value', xencamera_ctrl_value],
      ['reserved1', uint8_t, 56],
    ]),
  ],
]);

export const xencamera_evt = struct('xencamera_evt', [
  ['id', uint16_t],
  ['type', uint8_t],
  ['reserved', uint8_t, 5],
  [
    'evt',
    inlineUnion([
      ['frame_avail', xencamera_frame_avail_evt],
      ['ctrl_value', xencamera_ctrl_value],
      ['reserved', uint8_t, 56],
    ]),
  ],
]);

export const xen_cameraif_ring = ringTypes('xen_cameraif', xencamera_req, xencamera_resp);

export const xencamera_event_page = struct('xencamera_event_page', [
  ['in_cons', uint32_t],
  ['in_prod', uint32_t],
  ['reserved', uint8_t, 56],
]);

export const XENCAMERA_EVENT_PAGE_SIZE = 4096;
export const XENCAMERA_IN_RING_OFFS = 64;
export const XENCAMERA_IN_RING_SIZE = XENCAMERA_EVENT_PAGE_SIZE - XENCAMERA_IN_RING_OFFS;
export const XENCAMERA_IN_RING_LEN = 63;
