import type {Run} from '../command.ts';
import {findDomain} from '../find-domain.ts';

/** The domain stays, in state "s", until xl resume. */
export const run: Run = async (xl, _options, [domain]) => {
  const domid = await findDomain(xl, domain);
  const client = await xl.client();
  await client.call('domain.suspend', {domid});
  return 0;
};
