/**
 * Scheduling operations and the reasons of a shutdown.
 * @see sched.h
 */
import {handle, int32_t, struct, uint32_t, uint64_t, unsigned_int} from './ctype.ts';
import {domid_t} from './xen.ts';

/** Operations of sched_op. */
export const SCHEDOP_yield = 0;
export const SCHEDOP_block = 1;
export const SCHEDOP_shutdown = 2;
export const SCHEDOP_poll = 3;
export const SCHEDOP_remote_shutdown = 4;
export const SCHEDOP_shutdown_code = 5;
export const SCHEDOP_watchdog = 6;
export const SCHEDOP_pin_override = 7;

export const sched_shutdown = struct('sched_shutdown', [['reason', unsigned_int]]);

export const sched_poll = struct('sched_poll', [
  ['ports', handle('evtchn_port_t')],
  ['nr_ports', unsigned_int],
  ['timeout', uint64_t],
]);

export const sched_remote_shutdown = struct('sched_remote_shutdown', [
  ['domain_id', domid_t],
  ['reason', unsigned_int],
]);

export const sched_watchdog = struct('sched_watchdog', [
  ['id', uint32_t],
  ['timeout', uint32_t],
]);

export const sched_pin_override = struct('sched_pin_override', [['pcpu', int32_t]]);

/** Reasons of a shutdown. */
export const SHUTDOWN_poweroff = 0;
export const SHUTDOWN_reboot = 1;
export const SHUTDOWN_suspend = 2;
export const SHUTDOWN_crash = 3;
export const SHUTDOWN_watchdog = 4;
export const SHUTDOWN_soft_reset = 5;
export const SHUTDOWN_MAX = 5;
