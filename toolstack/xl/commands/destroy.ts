import {ToolstackError} from '../../errors.ts';
import type {Run} from '../command.ts';
import {findDomain} from '../find-domain.ts';
import {libxlRc, orFail} from '../libxl-errors.ts';

/** @see golden/cli/xl-destroy.txt */
export const run: Run = async (xl, options, [domain]) => {
  const domid = await findDomain(xl, domain);
  if (domid === 0 && !options.has('f')) {
    throw new ToolstackError(
      'EPERM',
      'Not destroying domain 0; use -f to force.\n' +
        'This can only be done when using a disaggregated hardware domain and toolstack.\n',
    );
  }
  const client = await xl.client();
  await orFail(client.call('domain.destroy', {domid}), (error) => `destroy failed (rc=${libxlRc(error)})`);
  return 0;
};
