import type {Run} from '../command.ts';
import {findDomain} from '../find-domain.ts';
import {orFail} from '../libxl-errors.ts';

export const run: Run = async (xl, options, [domain, vdev]) => {
  const domid = await findDomain(xl, domain);
  const force = options.has('f');
  const client = await xl.client();
  await orFail(client.call('disk.detach', {domid, vdev, force}), ({code}) => {
    if (code === 'ENODEV') return `Error: Device ${vdev} not connected.`;
    return force ? 'libxl_device_disk_destroy failed.' : 'libxl_device_disk_safe_remove failed.';
  });
  return 0;
};
