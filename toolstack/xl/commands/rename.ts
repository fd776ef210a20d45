import type {Run} from '../command.ts';
import {findDomain} from '../find-domain.ts';
import {orFail} from '../libxl-errors.ts';

/** @see golden/cli/xl-rename.txt */
export const run: Run = async (xl, _options, [domain, name]) => {
  const domid = await findDomain(xl, domain);
  const client = await xl.client();
  await orFail(client.call('domain.rename', {domid, name}), () => `Can't rename domain '${domain}'.`);
  return 0;
};
