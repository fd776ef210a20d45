/**
 * USB: a ring of transfers (URBs) and a ring of port changes.
 * @see usbif.h
 */
import {inlineStruct, inlineUnion, int32_t, struct, uint16_t, uint32_t, uint8_t} from '../ctype.ts';
import {grant_ref_t} from '../grant-table.ts';
import {ringTypes} from './ring.ts';

export const USB_VER_UNKNOWN = 0;
export const USB_VER_USB11 = 1;
export const USB_VER_USB20 = 2;
export const USB_VER_USB30 = 3;

export const USBIF_PIPE_PORT_MASK = 0x0000001f;
export const USBIF_PIPE_UNLINK = 0x00000020;
export const USBIF_PIPE_DIR = 0x00000080;
export const USBIF_PIPE_DEV_MASK = 0x0000007f;
export const USBIF_PIPE_DEV_SHIFT = 8;
export const USBIF_PIPE_EP_MASK = 0x0000000f;
export const USBIF_PIPE_EP_SHIFT = 15;
export const USBIF_PIPE_TYPE_MASK = 0x00000003;
export const USBIF_PIPE_TYPE_SHIFT = 30;
export const USBIF_PIPE_TYPE_ISOC = 0;
export const USBIF_PIPE_TYPE_INT = 1;
export const USBIF_PIPE_TYPE_CTRL = 2;
export const USBIF_PIPE_TYPE_BULK = 3;

export const USBIF_MAX_SEGMENTS_PER_REQUEST = 16;
export const USBIF_MAX_PORTNR = 31;
export const USBIF_RING_SIZE = 4096;

export const usbif_request_segment = struct('usbif_request_segment', [
  ['gref', grant_ref_t],
  ['offset', uint16_t],
  ['length', uint16_t],
]);

export const usbif_urb_request = struct('usbif_urb_request', [
  ['id', uint16_t],
  ['nr_buffer_segs', uint16_t],
  ['pipe', uint32_t],
  ['transfer_flags', uint16_t],
  ['buffer_length', uint16_t],
  [
    'u',
    inlineUnion([
      ['ctrl', uint8_t, 8],
      [
        'isoc',
        inlineStruct([
          ['interval', uint16_t],
          ['start_frame', uint16_t],
          ['number_of_packets', uint16_t],
          ['nr_frame_desc_segs', uint16_t],
        ]),
      ],
      [
        'intr',
        inlineStruct([
          ['interval', uint16_t],
          ['pad', uint16_t, 3],
        ]),
      ],
      [
        'unlink',
        inlineStruct([
          ['unlink_id', uint16_t],
          ['pad', uint16_t, 3],
        ]),
      ],
    ]),
  ],
  ['seg', usbif_request_segment, USBIF_MAX_SEGMENTS_PER_REQUEST],
]);

export const USBIF_SHORT_NOT_OK = 0x0001;

export const usbif_urb_response = struct('usbif_urb_response', [
  ['id', uint16_t],
  ['start_frame', uint16_t],
  ['status', int32_t],
  ['actual_length', int32_t],
  ['error_count', int32_t],
]);

export const USBIF_STATUS_OK = 0;
export const USBIF_STATUS_NODEV = -19;
export const USBIF_STATUS_INVAL = -22;
export const USBIF_STATUS_STALL = -32;
export const USBIF_STATUS_IOERROR = -71;
export const USBIF_STATUS_BABBLE = -75;
export const USBIF_STATUS_SHUTDOWN = -108;

export const usbif_urb_ring = ringTypes('usbif_urb', usbif_urb_request, usbif_urb_response);

export const USB_URB_RING_SIZE = 16;

export const usbif_conn_request = struct('usbif_conn_request', [['id', uint16_t]]);

export const usbif_conn_response = struct('usbif_conn_response', [
  ['id', uint16_t],
  ['portnum', uint8_t],
  ['speed', uint8_t],
]);

export const USBIF_SPEED_NONE = 0;
export const USBIF_SPEED_LOW = 1;
export const USBIF_SPEED_FULL = 2;
export const USBIF_SPEED_HIGH = 3;

export const usbif_conn_ring = ringTypes('usbif_conn', usbif_conn_request, usbif_conn_response);

export const USB_CONN_RING_SIZE = 512;
