import {ToolstackError} from '../../errors.ts';
import type {Run} from '../command.ts';
import {runCredit, type SchedulerView} from '../schedulers.ts';
import {CREDIT_HEADER, creditRow} from './sched-credit2.ts';

/** @see xl.1, "sched-credit" */
const VIEW: SchedulerView = {
  scheduler: 'credit',
  pool: ({name, tsliceMs, ratelimitUs, migrationDelayUs}) =>
    `Cpupool ${name}: tslice=${tsliceMs}ms ratelimit=${ratelimitUs}us migration-delay=${migrationDelayUs}us\n`,
  header: CREDIT_HEADER,
  domain: creditRow,
};

export const run: Run = (xl, options) => {
  const any = (letters: string): boolean => letters.split('').some((letter) => options.has(letter));
  if (any('ps') && any('dwc')) {
    throw new ToolstackError('EINVAL', 'Specifying a cpupool or schedparam is not allowed with domain options.');
  }
  if (any('wc') && !any('d')) throw new ToolstackError('EINVAL', 'Must specify a domain.');
  if (!any('s') && any('trm')) {
    throw new ToolstackError('EINVAL', 'Must specify schedparam to set schedule parameter values.');
  }
  return runCredit(xl, options, VIEW);
};
