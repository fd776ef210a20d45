import {parseCpuList} from '../config/cpu-list.ts';
import type {CpuPoolListing} from '../host/cpus/index.ts';
import {ToolstackError} from '../errors.ts';
import type {Xl} from './command.ts';
import {hostTopology} from './topology.ts';

/** The pool of a name or number. */
export const findPool = async (xl: Xl, wanted: string): Promise<CpuPoolListing> => {
  const client = await xl.client();
  const pools = await client.call('pool.list', {});
  const found = pools.find(({name}) => name === wanted) ?? pools.find(({id}) => String(id) === wanted);
  if (found === undefined) throw new ToolstackError('ENOENT', `unknown cpupool '${wanted}'`);
  return found;
};

/** CPUs as a list, or those of nodes. */
export const parseCpus = async (xl: Xl, text: string): Promise<number[]> => {
  const cpus = parseCpuList(text, await hostTopology(xl));
  if ('error' in cpus) throw new ToolstackError('EINVAL', cpus.error);
  return cpus;
};
