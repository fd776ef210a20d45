/**
 * Framebuffer page with its two event rings.
 * @see fbif.h
 */
import {char, int32_t, struct, uint32_t, uint8_t, union, unsigned_long} from '../ctype.ts';

export const XENFB_TYPE_UPDATE = 2;

export const xenfb_update = struct('xenfb_update', [
  ['type', uint8_t],
  ['x', int32_t],
  ['y', int32_t],
  ['width', int32_t],
  ['height', int32_t],
]);

export const XENFB_TYPE_RESIZE = 3;

export const xenfb_resize = struct('xenfb_resize', [
  ['type', uint8_t],
  ['width', int32_t],
  ['height', int32_t],
  ['stride', int32_t],
  ['depth', int32_t],
  ['offset', int32_t],
]);

export const XENFB_OUT_EVENT_SIZE = 40;

export const xenfb_out_event = union('xenfb_out_event', [
  ['type', uint8_t],
  ['update', xenfb_update],
  ['resize', xenfb_resize],
  ['pad', char, XENFB_OUT_EVENT_SIZE],
]);

export const XENFB_TYPE_REFRESH_PERIOD = 1;
export const XENFB_NO_REFRESH = 0;

export const xenfb_refresh_period = struct('xenfb_refresh_period', [
  ['type', uint8_t],
  ['period', uint32_t],
]);

export const XENFB_IN_EVENT_SIZE = 40;

export const xenfb_in_event = union('xenfb_in_event', [
  ['type', uint8_t],
  ['refresh_period', xenfb_refresh_period],
  ['pad', char, XENFB_IN_EVENT_SIZE],
]);

export const XENFB_IN_RING_SIZE = 1024;
export const XENFB_IN_RING_LEN = 25;
export const XENFB_IN_RING_OFFS = 1024;

export const XENFB_OUT_RING_SIZE = 2048;
export const XENFB_OUT_RING_LEN = 51;
export const XENFB_OUT_RING_OFFS = XENFB_IN_RING_OFFS + XENFB_IN_RING_SIZE;

export const xenfb_page = struct('xenfb_page', [
  ['in_cons', uint32_t],
  ['in_prod', uint32_t],
  ['out_cons', uint32_t],
  ['out_prod', uint32_t],
  ['width', int32_t],
  ['height', int32_t],
  ['line_length', uint32_t],
  ['mem_length', uint32_t],
  ['depth', uint8_t],
  ['pd', unsigned_long, 256],
]);
