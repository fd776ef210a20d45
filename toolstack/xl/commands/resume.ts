import type {Run} from '../command.ts';
import {findDomain} from '../find-domain.ts';

export const run: Run = async (xl, _options, [domain]) => {
  const domid = await findDomain(xl, domain);
  const client = await xl.client();
  await client.call('domain.resume', {domid});
  return 0;
};
