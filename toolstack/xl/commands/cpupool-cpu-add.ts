import {ToolstackError} from '../../errors.ts';
import type {Run} from '../command.ts';
import {findPool, parseCpus} from '../cpupool.ts';

/** xl succeeds even where the CPUs do not come over. */
export const run: Run = async (xl, _options, [pool, list]) => {
  const cpus = await parseCpus(xl, list);
  const {id} = await findPool(xl, pool);
  const client = await xl.client();
  await client.call('pool.addCpus', {id, cpus}).catch((error: unknown) => {
    if (!(error instanceof ToolstackError)) throw error;
    xl.complain(`${error.message}\nsome cpus may not have been added to ${pool}`);
  });
  return 0;
};
