import {configToJson, formatJson} from '../../config/index.ts';
import {ToolstackError} from '../../errors.ts';
import {EXIT_FAILURE, type Run} from '../command.ts';
import {readConfigFile} from '../config-file.ts';
import {findDomain} from '../find-domain.ts';

const WARNING =
  'WARNING: xl now has better capability to manage domain configuration, avoid using this command when possible';

/** @see xl.1, "config-update"; golden/cli/xl-misc.txt */
export const run: Run = async (xl, options, [domain, ...operands]) => {
  if (domain === undefined) {
    xl.complain('xl config-update requires a domain argument');
    xl.usage();
    return EXIT_FAILURE;
  }
  xl.complain(WARNING);
  const domid = await findDomain(xl, domain);
  const overrides = operands.filter((operand) => operand.includes('='));
  const file = options.value('f') ?? operands.find((operand) => !operand.includes('='));
  if (file === undefined) throw new ToolstackError('EINVAL', 'Config file not specified');
  const config = readConfigFile(xl, file, {overrides, quiet: options.has('q')});
  if (options.has('d') || xl.dryRun) xl.out(formatJson(configToJson(config)));
  if (xl.dryRun) return 0;
  xl.complain(`setting dom${domid} configuration`);
  const client = await xl.client();
  await client.call('domain.setConfig', {domid, config});
  return 0;
};
