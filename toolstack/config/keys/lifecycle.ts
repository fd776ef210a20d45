import type {ShutdownAction} from '../domain-config.ts';
import {SHUTDOWN_ACTIONS} from '../shutdown-action.ts';
import type {Step} from './step.ts';

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
