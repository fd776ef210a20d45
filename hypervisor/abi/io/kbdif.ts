/**
 * Keyboard, pointer and touch events on a shared page.
 * @see kbdif.h
 */
import {char, inlineStruct, inlineUnion, int16_t, int32_t, struct, uint32_t, uint8_t, union} from '../ctype.ts';

export const XENKBD_TYPE_MOTION = 1;
export const XENKBD_TYPE_RESERVED = 2;
export const XENKBD_TYPE_KEY = 3;
export const XENKBD_TYPE_POS = 4;
export const XENKBD_TYPE_MTOUCH = 5;

export const XENKBD_MT_EV_DOWN = 0;
export const XENKBD_MT_EV_UP = 1;
export const XENKBD_MT_EV_MOTION = 2;
export const XENKBD_MT_EV_SYN = 3;
export const XENKBD_MT_EV_SHAPE = 4;
export const XENKBD_MT_EV_ORIENT = 5;

export const XENKBD_DRIVER_NAME = 'vkbd';

export const XENKBD_FIELD_FEAT_DSBL_KEYBRD = 'feature-disable-keyboard';
export const XENKBD_FIELD_FEAT_DSBL_POINTER = 'feature-disable-pointer';
export const XENKBD_FIELD_FEAT_ABS_POINTER = 'feature-abs-pointer';
export const XENKBD_FIELD_FEAT_RAW_POINTER = 'feature-raw-pointer';
export const XENKBD_FIELD_FEAT_MTOUCH = 'feature-multi-touch';
export const XENKBD_FIELD_REQ_ABS_POINTER = 'request-abs-pointer';
export const XENKBD_FIELD_REQ_RAW_POINTER = 'request-raw-pointer';
export const XENKBD_FIELD_REQ_MTOUCH = 'request-multi-touch';
export const XENKBD_FIELD_RING_GREF = 'page-gref';
export const XENKBD_FIELD_EVT_CHANNEL = 'event-channel';
export const XENKBD_FIELD_WIDTH = 'width';
export const XENKBD_FIELD_HEIGHT = 'height';
export const XENKBD_FIELD_MT_WIDTH = 'multi-touch-width';
export const XENKBD_FIELD_MT_HEIGHT = 'multi-touch-height';
export const XENKBD_FIELD_MT_NUM_CONTACTS = 'multi-touch-num-contacts';
export const XENKBD_FIELD_UNIQUE_ID = 'unique-id';
export const XENKBD_FIELD_RING_REF = 'page-ref';

export const xenkbd_motion = struct('xenkbd_motion', [
  ['type', uint8_t],
  ['rel_x', int32_t],
  ['rel_y', int32_t],
  ['rel_z', int32_t],
]);

export const xenkbd_key = struct('xenkbd_key', [
  ['type', uint8_t],
  ['pressed', uint8_t],
  ['keycode', uint32_t],
]);

export const xenkbd_position = struct('xenkbd_position', [
  ['type', uint8_t],
  ['abs_x', int32_t],
  ['abs_y', int32_t],
  ['rel_z', int32_t],
]);

export const xenkbd_mtouch = struct('xenkbd_mtouch', [
  ['type', uint8_t],
  ['event_type', uint8_t],
  ['contact_id', uint8_t],
  ['reserved', uint8_t, 5],
  [
    'u',
    inlineUnion([
      [
        'pos',
        inlineStruct([
          ['abs_x', int32_t],
          ['abs_y', int32_t],
        ]),
      ],
      [
        'shape',
        inlineStruct([
          ['major', uint32_t],
          ['minor', uint32_t],
        ]),
      ],
      ['orientation', int16_t],
    ]),
  ],
]);

export const XENKBD_IN_EVENT_SIZE = 40;

export const xenkbd_in_event = union('xenkbd_in_event', [
  ['type', uint8_t],
  ['motion', xenkbd_motion],
  ['key', xenkbd_key],
  ['pos', xenkbd_position],
  ['mtouch', xenkbd_mtouch],
  ['pad', char, XENKBD_IN_EVENT_SIZE],
]);

export const XENKBD_OUT_EVENT_SIZE = 40;

export const xenkbd_out_event = union('xenkbd_out_event', [
  ['type', uint8_t],
  ['pad', char, XENKBD_OUT_EVENT_SIZE],
]);

export const XENKBD_IN_RING_SIZE = 2048;
export const XENKBD_IN_RING_LEN = 51;
export const XENKBD_IN_RING_OFFS = 1024;

export const XENKBD_OUT_RING_SIZE = 1024;
export const XENKBD_OUT_RING_LEN = 25;
export const XENKBD_OUT_RING_OFFS = XENKBD_IN_RING_OFFS + XENKBD_IN_RING_SIZE;

export const xenkbd_page = struct('xenkbd_page', [
  ['in_cons', uint32_t],
  ['in_prod', uint32_t],
  ['out_cons', uint32_t],
  ['out_prod', uint32_t],
]);
