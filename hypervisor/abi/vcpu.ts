/**
 * Operations on a guest's own vCPUs: bring up, run state, timers, registered areas.
 * @see vcpu.h
 */
import {handle, inlineUnion, int, pointer, struct, uint32_t, uint64_t} from './ctype.ts';

export const VCPUOP_initialise = 0;
export const VCPUOP_up = 1;
export const VCPUOP_down = 2;
export const VCPUOP_is_up = 3;
export const VCPUOP_get_runstate_info = 4;

/** Nanoseconds that a vCPU spent in each RUNSTATE_*. */
export const vcpu_runstate_info = struct('vcpu_runstate_info', [
  ['state', int],
  ['state_entry_time', uint64_t],
  ['time', uint64_t, 4],
]);

export const XEN_RUNSTATE_UPDATE = 0x8000000000000000n;

export const RUNSTATE_running = 0;
export const RUNSTATE_runnable = 1;
export const RUNSTATE_blocked = 2;
export const RUNSTATE_offline = 3;

export const VCPUOP_register_runstate_memory_area = 5;

export const vcpu_register_runstate_memory_area = struct('vcpu_register_runstate_memory_area', [
  [
    'addr',
    inlineUnion([
      ['h', handle('vcpu_runstate_info_t')],
      ['v', pointer('struct vcpu_runstate_info')],
      ['p', uint64_t],
    ]),
  ],
]);

export const VCPUOP_set_periodic_timer = 6;
export const VCPUOP_stop_periodic_timer = 7;

export const vcpu_set_periodic_timer = struct('vcpu_set_periodic_timer', [['period_ns', uint64_t]]);

export const VCPUOP_set_singleshot_timer = 8;
export const VCPUOP_stop_singleshot_timer = 9;

export const vcpu_set_singleshot_timer = struct('vcpu_set_singleshot_timer', [
  ['timeout_abs_ns', uint64_t],
  ['flags', uint32_t],
]);

export const _VCPU_SSHOTTMR_future = 0;
export const VCPU_SSHOTTMR_future = 1 << _VCPU_SSHOTTMR_future;

export const VCPUOP_register_vcpu_info = 10;

export const vcpu_register_vcpu_info = struct('vcpu_register_vcpu_info', [
  ['mfn', uint64_t],
  ['offset', uint32_t],
  ['rsvd', uint32_t],
]);

export const VCPUOP_send_nmi = 11;
export const VCPUOP_get_physid = 12;

export const vcpu_get_physid = struct('vcpu_get_physid', [['phys_id', uint64_t]]);

export const VCPUOP_register_vcpu_time_memory_area = 13;

export const vcpu_register_time_memory_area = struct('vcpu_register_time_memory_area', [
  [
    'addr',
    inlineUnion([
      ['h', handle('vcpu_time_info_t')],
      ['v', pointer('struct vcpu_time_info')],
      ['p', uint64_t],
    ]),
  ],
]);
