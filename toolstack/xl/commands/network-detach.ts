import type {Run} from '../command.ts';
import {findDomain} from '../find-domain.ts';
import {orFail} from '../libxl-errors.ts';

export const run: Run = async (xl, _options, [domain, which]) => {
  const domid = await findDomain(xl, domain);
  const client = await xl.client();
  await orFail(client.call('vif.detach', {domid, which}), ({code}) =>
    code === 'ENODEV' ? `Unknown device ${which}.` : 'libxl_device_nic_del failed.',
  );
  return 0;
};
