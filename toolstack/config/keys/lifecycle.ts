import type {ShutdownAction} from '../domain-config.ts';
import type {Step} from './step.ts';

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

const isAction = (text: string): text is ShutdownAction => Object.hasOwn(SHUTDOWN_ACTIONS, text);

const action =
  (
    key: string,
    target: 'onPoweroff' | 'onReboot' | 'onWatchdog' | 'onCrash' | 'onSoftReset',
    otherwise: ShutdownAction,
  ): Step =>
  ({reader, draft}) => {
    const text = reader.string(key) ?? otherwise;
    if (!isAction(text)) throw reader.fail(key, [`Unknown ${key} action "${text}" specified`]);
    draft[target] = text;
  };

export const LIFECYCLE_STEPS: readonly Step[] = [
  action('on_poweroff', 'onPoweroff', 'destroy'),
  action('on_reboot', 'onReboot', 'restart'),
  action('on_watchdog', 'onWatchdog', 'destroy'),
  action('on_crash', 'onCrash', 'destroy'),
  action('on_soft_reset', 'onSoftReset', 'soft-reset'),
];
