import type {Run} from '../command.ts';
import {findDomain} from '../find-domain.ts';
import {orFail} from '../libxl-errors.ts';

export const run: Run = async (xl, options, [domain, vdev]) => {
  const domid = await findDomain(xl, domain);
  const client = await xl.client();
  await orFail(client.call('scsi.detach', {domid, vdev, force: options.has('f')}), ({code}) =>
    code === 'ENODEV' ? `Error: Device ${vdev} not connected.` : 'libxl_device_vscsidev_remove failed.',
  );
  return 0;
};
