import {ToolstackError} from '../../errors.ts';
import type {Run} from '../command.ts';
import {findPool, parseCpus} from '../cpupool.ts';

/** xl succeeds even where the CPUs stay. */
export const run: Run = async (xl, _options, [pool, list]) => {
  const cpus = await parseCpus(xl, list);
  const {id} = await findPool(xl, pool);
  const client = await xl.client();
  await client.call('pool.removeCpus', {id, cpus}).catch((error: unknown) => {
    if (!(error instanceof ToolstackError)) throw error;
    xl.complain(
      `${error.message}\nSome cpus may have not or only partially been removed from '${pool}'.\n` +
        `If a cpu can't be added to another cpupool, add it to '${pool}' again and retry.`,
    );
  });
  return 0;
};
