import type {Run} from '../command.ts';
import {findDomain} from '../find-domain.ts';

/** @see golden/cli/xl-sysrq.txt */
export const run: Run = async (xl, _options, [domain, letter]) => {
  const domid = await findDomain(xl, domain);
  if (letter.length !== 1) {
    xl.complain('Invalid sysrq.\n');
    xl.usage();
    return 1;
  }
  const client = await xl.client();
  await client.call('domain.sysrq', {domid, letter});
  return 0;
};
