import type {DomainConfig, ShutdownAction} from './domain-config.ts';

/** xl.cfg's names and libxl's, which differ in one more than the hyphen. @see xl.cfg(5), "on_poweroff" */
export const SHUTDOWN_ACTIONS: Readonly<Record<ShutdownAction, string>> = {
  destroy: 'destroy',
  restart: 'restart',
  'rename-restart': 'restart_rename',
  preserve: 'preserve',
  'coredump-destroy': 'coredump_destroy',
  'coredump-restart': 'coredump_restart',
  'soft-reset': 'soft_reset',
};

/** The action for a shutdown reason, by the names of sched.h in lower case. */
export const actionFor = (config: DomainConfig, reason: ShutdownReason): ShutdownAction | undefined =>
  ACTIONS[reason] && config[ACTIONS[reason]];

export type ShutdownReason = 'poweroff' | 'reboot' | 'suspend' | 'crash' | 'watchdog' | 'soft_reset';

/** A suspended domain stays as it is. */
const ACTIONS = {
  poweroff: 'onPoweroff',
  reboot: 'onReboot',
  suspend: undefined,
  crash: 'onCrash',
  watchdog: 'onWatchdog',
  soft_reset: 'onSoftReset',
} as const;
