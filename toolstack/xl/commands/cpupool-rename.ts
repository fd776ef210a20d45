import type {Run} from '../command.ts';
import {findPool} from '../cpupool.ts';
import {orFail} from '../libxl-errors.ts';

export const run: Run = async (xl, _options, [pool, name]) => {
  const {id} = await findPool(xl, pool);
  const client = await xl.client();
  await orFail(client.call('pool.rename', {id, name}), () => `Can't rename cpupool '${pool}'`);
  return 0;
};
