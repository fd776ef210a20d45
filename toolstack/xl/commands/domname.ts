import {ToolstackError} from '../../errors.ts';
import type {Run} from '../command.ts';

/** @see golden/cli/xl-domname.txt */
export const run: Run = async (xl, _options, [wanted]) => {
  if (!/^\d+$/.test(wanted)) throw new ToolstackError('EINVAL', 'Invalid domain id.\n');
  const client = await xl.client();
  const found = (await client.call('domain.list', {})).find(({domid}) => domid === Number(wanted));
  if (found === undefined) {
    throw new ToolstackError(
      'ESRCH',
      `Can't get domain name of domain id '${wanted}', maybe this domain does not exist.`,
    );
  }
  xl.out(`${found.name}\n`);
  return 0;
};
