import {ToolstackError} from '../../errors.ts';
import type {Run} from '../command.ts';

/** Of the one node there is one pool, by xl's name for it. */
export const run: Run = async (xl) => {
  const client = await xl.client();
  const pools = await client.call('pool.list', {});
  if (pools.length > 1) throw new ToolstackError('EBUSY', 'splitting not possible, already cpupools in use');
  await client.call('pool.rename', {id: pools[0].id, name: 'Pool-node0'});
  return 0;
};
