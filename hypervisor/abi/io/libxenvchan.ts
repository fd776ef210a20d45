/**
 * vchan: a byte stream between two domains.
 * @see libxenvchan.h
 */
import {FLEXIBLE, struct, uint16_t, uint32_t, uint8_t} from '../ctype.ts';

export const ring_shared = struct('ring_shared', [
  ['cons', uint32_t],
  ['prod', uint32_t],
]);

export const VCHAN_NOTIFY_WRITE = 0x1;
export const VCHAN_NOTIFY_READ = 0x2;

export const vchan_interface = struct('vchan_interface', [
  ['left', ring_shared],
  ['right', ring_shared],
  ['left_order', uint16_t],
  ['right_order', uint16_t],
  ['cli_live', uint8_t],
  ['srv_live', uint8_t],
  ['cli_notify', uint8_t],
  ['srv_notify', uint8_t],
  ['grants', uint32_t, FLEXIBLE],
]);
