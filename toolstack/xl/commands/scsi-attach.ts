import type {Run} from '../command.ts';
import {findDomain} from '../find-domain.ts';
import {orFail} from '../libxl-errors.ts';

export const run: Run = async (xl, _options, [domain, ...parts]) => {
  const domid = await findDomain(xl, domain);
  const spec = parts.join(', ');
  if (xl.dryRun) {
    xl.out(`vscsi: ${spec}\n`);
    return 0;
  }
  const client = await xl.client();
  await orFail(client.call('scsi.attach', {domid, spec, baseDir: xl.cwd}), () => 'libxl_device_vscsidev_add failed.');
  return 0;
};
