import {resolve} from 'node:path';
import {ToolstackError} from '../../errors.ts';
import {formatInfo} from '../../host/save-header.ts';
import {EXIT_FAILURE, type Options, type Run} from '../command.ts';
import {findDomain} from '../find-domain.ts';

const MAX_OPERANDS = 3;

/** @see golden/cli/xl-save.txt */
export const run: Run = async (xl, options, operands) => {
  const [domain, file, configFile] = operands;
  if (operands.length > MAX_OPERANDS) {
    xl.usage();
    return EXIT_FAILURE;
  }
  const domid = await findDomain(xl, domain);
  const config = configFile === undefined ? null : (await import('../config-file.ts')).readConfigFile(xl, configFile);
  const client = await xl.client();
  const request = {
    domid,
    file: resolve(xl.cwd, file),
    config,
    baseDir: xl.cwd,
    preserveDomid: options.has('D'),
    leave: leaves(options),
  };
  const info = await client.call('domain.save', request).catch((error: unknown) => {
    throw asXl(error);
  });
  xl.complain(`Saving to ${file} new xl format (${formatInfo(info)})`);
  xl.complain(`xc: info: Saving domain ${domid}, type x86 HVM`);
  return 0;
};

const leaves = (options: Options): 'destroyed' | 'running' | 'paused' => {
  if (options.has('p')) return 'paused';
  return options.has('c') ? 'running' : 'destroyed';
};

/** Xl opens the file first, and so has nothing to resume when it cannot. */
const asXl = (error: unknown): unknown => {
  if (!(error instanceof ToolstackError) || error.message.startsWith('Failed to open')) return error;
  return new ToolstackError(error.code, `${error.message}\nFailed to save domain, resuming domain`, EXIT_FAILURE);
};
