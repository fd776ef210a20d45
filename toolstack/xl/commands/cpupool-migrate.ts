import {ToolstackError} from '../../errors.ts';
import type {Run} from '../command.ts';
import {findPool} from '../cpupool.ts';
import {lookUp} from '../find-domain.ts';

export const run: Run = async (xl, _options, [domain, pool]) => {
  const domid = await lookUp(xl, domain);
  if (domid === undefined) throw new ToolstackError('ESRCH', `unknown domain '${domain}'`);
  const {id} = await findPool(xl, pool);
  const client = await xl.client();
  await client.call('pool.move', {domid, id});
  return 0;
};
