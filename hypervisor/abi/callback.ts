/**
 * Registration of guest entry points (event, failsafe, syscall, NMI).
 * @see callback.h
 */
import {xen_callback} from './arch-x86/xen-x86-32.ts';
import {xen_callback_t} from './arch-x86/xen-x86-64.ts';
import {struct, typedef, uint16_t} from './ctype.ts';

export const CALLBACKTYPE_event = 0;
export const CALLBACKTYPE_failsafe = 1;
export const CALLBACKTYPE_syscall = 2;
export const CALLBACKTYPE_sysenter_deprecated = 3;
export const CALLBACKTYPE_nmi = 4;
export const CALLBACKTYPE_sysenter = 5;
export const CALLBACKTYPE_syscall32 = 7;

export const _CALLBACKF_mask_events = 0;
export const CALLBACKF_mask_events = 1 << _CALLBACKF_mask_events;

export const CALLBACKOP_register = 0;

export const callback_register = struct('callback_register', [
  ['type', uint16_t],
  ['flags', uint16_t],
  ['address', {x86_64: xen_callback_t, x86_32: typedef(xen_callback)}],
]);

export const CALLBACKOP_unregister = 1;

export const callback_unregister = struct('callback_unregister', [
  ['type', uint16_t],
  ['_unused', uint16_t],
]);
