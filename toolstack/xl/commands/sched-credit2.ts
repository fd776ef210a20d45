import {ToolstackError} from '../../errors.ts';
import type {DomainSchedule} from '../../host/cpus/index.ts';
import type {Run} from '../command.ts';
import {left, right} from '../printf.ts';
import {runCredit, type SchedulerView} from '../schedulers.ts';

export const CREDIT_HEADER = `${left('Name', 33)} ${right('ID', 4)} ${right('Weight', 6)} ${right('Cap', 4)}\n`;

export const creditRow = ({name, domid, weight, cap}: DomainSchedule): string =>
  `${left(name, 33)} ${right(domid, 4)} ${right(weight, 6)} ${right(cap, 4)}\n`;

/** @see golden/cli/xl-sched.txt */
const VIEW: SchedulerView = {
  scheduler: 'credit2',
  pool: ({name, ratelimitUs}) => `Cpupool ${name}: ratelimit=${ratelimitUs}us\n`,
  header: CREDIT_HEADER,
  domain: creditRow,
};

export const run: Run = (xl, options) => {
  if (options.has('p') && (options.has('d') || options.has('w') || options.has('c'))) {
    throw new ToolstackError('EINVAL', 'Specifying a cpupool is not allowed with other options.');
  }
  return runCredit(xl, options, VIEW);
};
