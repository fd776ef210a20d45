import {ToolstackError} from '../../errors.ts';
import type {CpuPoolListing} from '../../host/cpus/index.ts';
import type {Run} from '../command.ts';
import {left, right} from '../printf.ts';

/** @see golden/cli/xl-cpupool.txt */
export const formatPools = (pools: readonly CpuPoolListing[], withCpus: boolean): string => {
  const header = withCpus ? 'CPU list' : 'CPUs   Sched     Active   Domain count';
  return [header, ...pools.map((pool) => (withCpus ? pool.cpus.join(',') : counts(pool)))]
    .map((text, index) => `${left(index === 0 ? 'Name' : pools[index - 1].name, 19)}${text}\n`)
    .join('');
};

const counts = ({cpus, scheduler, domains}: CpuPoolListing): string =>
  `${right(cpus.length, 3)} ${right(scheduler, 9)}       y       ${right(domains.length, 4)}`;

export const run: Run = async (xl, options, [wanted]) => {
  const client = await xl.client();
  const pools = await client.call('pool.list', {});
  const shown = wanted === undefined ? pools : pools.filter(({name}) => name === wanted);
  if (shown.length === 0) throw new ToolstackError('ENOENT', `Pool '${wanted}' does not exist`);
  xl.out(formatPools(shown, options.has('c')));
  return 0;
};
