import {diskToJson, formatJson, parseDiskSpec} from '../../config/index.ts';
import type {Run} from '../command.ts';
import {findBlockDomain} from '../find-domain.ts';
import {orFail} from '../libxl-errors.ts';

export const run: Run = async (xl, _options, [domain, ...specs]) => {
  const domid = await findBlockDomain(xl, domain);
  const disk = parseDiskSpec(specs);
  if (xl.dryRun) {
    xl.out(`disk: ${formatJson(diskToJson(disk))}\n`);
    return 0;
  }
  const client = await xl.client();
  const attached = client.call('disk.attach', {domid, disk, baseDir: xl.cwd});
  await orFail(attached, () => 'libxl_device_disk_add failed.');
  return 0;
};
