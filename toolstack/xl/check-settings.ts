import type {DomainConfig, IgnoredSetting} from '../config/index.ts';
import {ToolstackError} from '../errors.ts';
import type {Options, Xl} from './command.ts';

/** libxl's error number as an exit status. */
const EXIT_FAIL = 3;

/** Settings that a simulator cannot grant end it; those without effect are named, which xl itself would not do. */
export const checkSettings = (xl: Xl, options: Options, {ignored}: DomainConfig): void => {
  const keys = (wanted: IgnoredSetting['reason']): string =>
    ignored
      .filter(({reason}) => reason === wanted)
      .map(({key}) => key)
      .join(', ');
  const [refused, accepted, unknown] = [keys('refused'), keys('accepted'), keys('unknown')];
  if (refused !== '') throw new ToolstackError('ENOTSUP', `xl: pvsim cannot give a guest: ${refused}`, EXIT_FAIL);
  if (options.has('q')) return;
  if (accepted !== '') xl.complain(`xl: without effect in pvsim: ${accepted}`);
  if (unknown !== '') xl.complain(`xl: unknown settings: ${unknown}`);
};
