import {ToolstackError} from '../../errors.ts';
import type {DomainSchedule} from '../../host/cpus/index.ts';
import type {Options, Run, Xl} from '../command.ts';
import {findDomain} from '../find-domain.ts';
import {orFail} from '../libxl-errors.ts';
import {left, right} from '../printf.ts';
import {listPools, type SchedulerView, showDomain} from '../schedulers.ts';

const ALL = 'all';
const yesOrNo = (extratime: boolean): string => right(extratime ? 'yes' : 'no', 10);

/** A row a domain with what its vCPUs get by default, or a row a vCPU. @see xl.1, "sched-rtds" */
const view = (perVcpu: boolean, shown: (vcpu: number) => boolean): SchedulerView => ({
  scheduler: 'rtds',
  pool: ({name}) => `Cpupool ${name}: sched=RTDS\n`,
  header:
    `${left('Name', 33)} ${right('ID', 4)} ${perVcpu ? `${right('VCPU', 4)} ` : ''}` +
    `${right('Period', 9)} ${right('Budget', 9)} ${right('Extratime', 10)}\n`,
  domain: ({name, domid, vcpus}: DomainSchedule) =>
    vcpus
      .map(({period, budget, extratime}, vcpu) => {
        const who = `${left(name, 33)} ${right(domid, 4)} ${perVcpu ? `${right(vcpu, 4)} ` : ''}`;
        return `${who}${right(period, 9)} ${right(budget, 9)} ${yesOrNo(extratime)}\n`;
      })
      .filter((_, vcpu) => shown(vcpu))
      .slice(0, perVcpu ? undefined : 1)
      .join(''),
});

export const run: Run = async (xl, options) => {
  const vcpus = options.values('v');
  const isAll = vcpus.includes(ALL);
  const wanted = vcpus.filter((vcpu) => vcpu !== ALL).map(Number);
  check(options, isAll, wanted.length);
  const shows = view(vcpus.length > 0, (vcpu) => wanted.length === 0 || wanted.includes(vcpu));
  const domain = options.value('d');
  if (domain === undefined) return listPools(xl, shows, options.value('c'));
  const domid = await findDomain(xl, domain);
  if (!options.has('p')) return showDomain(xl, shows, domid);
  return setVcpus(xl, options, domid, wanted);
};

/** The rules of xl about what may stand together. */
const check = (options: Options, isAll: boolean, wanted: number): void => {
  const [periods, budgets, extratimes] = ['p', 'b', 'e'].map((letter) => options.values(letter));
  const isSetting = [periods, budgets, extratimes].some((values) => values.length > 0);
  const isVcpu = isAll || wanted > 0;
  const hasDomain = options.has('d');
  const isUneven = periods.length !== budgets.length || periods.length !== extratimes.length;
  const rules: readonly (readonly [broken: boolean, message: string])[] = [
    [extratimes.some((value) => value !== '0' && value !== '1'), 'Invalid extratime.'],
    [options.has('c') && (hasDomain || isSetting || isVcpu), 'Specifying a cpupool is not allowed with other options.'],
    [!hasDomain && (isSetting || wanted > 0), 'Missing parameters.'],
    [hasDomain && !isVcpu && isSetting, 'Must specify VCPU.'],
    [isAll && wanted > 0, 'Incorrect VCPU IDs.'],
    [isUneven || (isSetting && wanted > periods.length), 'Incorrect number of period, budget and extratime'],
  ];
  const broken = rules.find(([isBroken]) => isBroken);
  if (broken !== undefined) throw new ToolstackError('EINVAL', broken[1]);
};

const setVcpus = async (xl: Xl, options: Options, domid: number, wanted: readonly number[]): Promise<number> => {
  const client = await xl.client();
  const [periods, budgets, extratimes] = ['p', 'b', 'e'].map((letter) => options.values(letter).map(Number));
  for (const [index, vcpu] of (wanted.length === 0 ? [undefined] : wanted).entries()) {
    const rtds = {vcpu, period: periods[index], budget: budgets[index], extratime: extratimes[index] === 1};
    const set = client.call('schedule.set', {domid, scheduler: 'rtds', change: {rtds}});
    await orFail(set, () => 'libxl_vcpu_sched_params_set failed.');
  }
  return 0;
};
