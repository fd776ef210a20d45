import type {Run} from '../command.ts';
import {findPool} from '../cpupool.ts';
import {orFail} from '../libxl-errors.ts';

export const run: Run = async (xl, _options, [pool]) => {
  const {id} = await findPool(xl, pool);
  const client = await xl.client();
  await orFail(client.call('pool.destroy', {id}), () => `Can't destroy cpupool '${pool}'`);
  return 0;
};
