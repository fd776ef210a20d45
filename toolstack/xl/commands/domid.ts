import {ToolstackError} from '../../errors.ts';
import type {Run} from '../command.ts';

/** @see golden/cli/xl-domid.txt */
export const run: Run = async (xl, _options, [wanted]) => {
  const client = await xl.client();
  const found = (await client.call('domain.list', {})).find(({name}) => name === wanted);
  if (found === undefined) {
    throw new ToolstackError('ESRCH', `Can't get domid of domain name '${wanted}', maybe this domain does not exist.`);
  }
  xl.out(`${found.domid}\n`);
  return 0;
};
