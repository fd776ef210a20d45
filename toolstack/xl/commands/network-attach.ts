import {formatJson, nicToJson, parseVifArguments} from '../../config/index.ts';
import type {Run} from '../command.ts';
import {findDomain} from '../find-domain.ts';
import {orFail} from '../libxl-errors.ts';
import {completeVif} from '../xl-conf.ts';

export const run: Run = async (xl, _options, [domain, ...parameters]) => {
  const domid = await findDomain(xl, domain);
  const {vif: asked, warnings} = parseVifArguments(parameters);
  for (const warning of warnings) xl.complain(warning);
  const vif = completeVif(xl, asked);
  if (xl.dryRun) {
    xl.out(`vif: ${formatJson(nicToJson(vif))}\n`);
    return 0;
  }
  const client = await xl.client();
  await orFail(client.call('vif.attach', {domid, vif}), () => 'libxl_device_nic_add failed.');
  return 0;
};
