import type {PoolParameters} from '../../hypervisor/sched/index.ts';
import type {DaemonClient} from '../daemon/client.ts';
import {ToolstackError} from '../errors.ts';
import type {CpuPoolListing, DomainSchedule, Scheduler} from '../host/cpus/index.ts';
import {EXIT_FAILURE, type Options, type Xl} from './command.ts';
import {findPool} from './cpupool.ts';
import {findDomain} from './find-domain.ts';
import {orFail} from './libxl-errors.ts';

/** A scheduler as xl shows it. */
export interface SchedulerView {
  readonly scheduler: Scheduler;
  /** Line of a pool. */
  readonly pool: (pool: CpuPoolListing) => string;
  readonly header: string;
  /** Lines of a domain. */
  readonly domain: (schedule: DomainSchedule) => string;
}

/** All pools of that scheduler, or one, with their domains. */
export const listPools = async (xl: Xl, view: SchedulerView, pool: string | undefined): Promise<number> => {
  const client = await xl.client();
  const wanted = pool === undefined ? undefined : (await findPool(xl, pool)).id;
  for (const each of await client.call('pool.list', {})) {
    if (each.scheduler !== view.scheduler || (wanted !== undefined && each.id !== wanted)) continue;
    xl.out(view.pool(each) + view.header);
    for (const domid of each.domains) xl.out(view.domain(await client.call('schedule.get', {domid})));
  }
  return 0;
};

/** One domain; fails when another scheduler serves it. */
export const showDomain = async (xl: Xl, view: SchedulerView, domid: number): Promise<number> => {
  xl.out(view.header);
  const client = await xl.client();
  const get = client.call('schedule.get', {domid});
  const schedule = await orFail(get, () => 'libxl_domain_sched_params_get failed.');
  if (schedule.scheduler === view.scheduler) {
    xl.out(view.domain(schedule));
    return 0;
  }
  xl.complain(`libxl_domain_sched_params_get returned ${schedule.scheduler} not ${view.scheduler}.`);
  return EXIT_FAILURE;
};

/** An option's number as strtol reads it: 0 for what is none. */
export const numberOf = (options: Options, letter: string): number =>
  Number(/^\s*[-+]?\d+/.exec(options.value(letter) ?? '')?.[0] ?? 0);

/** xl sched-credit and sched-credit2: domains by -d, pools by -s. */
export const runCredit = async (xl: Xl, options: Options, view: SchedulerView): Promise<number> => {
  const domain = options.value('d');
  const changesDomain = options.has('w') || options.has('c');
  if (domain === undefined && changesDomain) throw new ToolstackError('EINVAL', 'Must specify a domain.');
  if (options.has('s')) return poolParameters(xl, options, view);
  if (domain === undefined) return listPools(xl, view, options.value('p'));
  const domid = await findDomain(xl, domain);
  if (!changesDomain) return showDomain(xl, view, domid);
  const change = {
    ...(options.has('w') && {weight: numberOf(options, 'w')}),
    ...(options.has('c') && {cap: numberOf(options, 'c')}),
  };
  await setSchedule(await xl.client(), domid, view, change);
  return 0;
};

const setSchedule = (
  client: DaemonClient,
  domid: number,
  {scheduler}: SchedulerView,
  change: {weight?: number; cap?: number},
): Promise<null> =>
  orFail(client.call('schedule.set', {domid, scheduler, change}), () => 'libxl_domain_sched_params_set failed.');

const PARAMETERS: readonly (readonly [letter: string, name: keyof PoolParameters])[] = [
  ['t', 'tsliceMs'],
  ['r', 'ratelimitUs'],
  ['m', 'migrationDelayUs'],
];

const poolParameters = async (xl: Xl, options: Options, view: SchedulerView): Promise<number> => {
  const pool = await findPool(xl, options.value('p') ?? '0');
  const {scheduler} = view;
  const change = Object.fromEntries(
    PARAMETERS.filter(([letter]) => options.has(letter)).map(([letter, name]) => [name, numberOf(options, letter)]),
  );
  const isSetting = Object.keys(change).length > 0;
  if (pool.scheduler !== scheduler) {
    xl.complain(`libxl_sched_${scheduler}_params_${isSetting ? 'set' : 'get'} failed.`);
    if (isSetting) return EXIT_FAILURE;
    xl.out(`Cpupool ${pool.name}: [sched params unavailable]\n`);
    return 0;
  }
  if (!isSetting) {
    xl.out(view.pool(pool));
    return 0;
  }
  const client = await xl.client();
  await orFail(
    client.call('pool.setParameters', {id: pool.id, parameters: change}),
    () => `libxl_sched_${scheduler}_params_set failed.`,
  );
  return 0;
};
