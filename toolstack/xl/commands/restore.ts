import {resolve} from 'node:path';
import {configToJson, formatJson} from '../../config/index.ts';
import {ToolstackError} from '../../errors.ts';
import {SavedFileReader} from '../../host/restore-reader.ts';
import {formatInfo, readHeader} from '../../host/save-header.ts';
import {checkSettings} from '../check-settings.ts';
import {EXIT_FAILURE, type Run} from '../command.ts';
import {readConfigFile} from '../config-file.ts';
import {startDomain} from '../start-domain.ts';

const MAX_OPERANDS = 2;

/** @see golden/cli/xl-restore.txt */
export const run: Run = async (xl, options, operands) => {
  if (operands.length > MAX_OPERANDS) {
    xl.usage();
    return EXIT_FAILURE;
  }
  const path = operands[operands.length - 1];
  const configFile = operands.length === MAX_OPERANDS ? operands[0] : undefined;
  const file = resolve(xl.cwd, path);
  const {info, state} = await SavedFileReader.reading(file, readHeader);
  xl.complain(`Loading new save file ${path} (new xl fmt ${formatInfo(info)})`);
  xl.complain(' Savefile contains xl domain config in JSON format');
  if (configFile === undefined) xl.complain('Parsing config from <saved>');
  const config = configFile === undefined ? null : readConfigFile(xl, configFile);
  if (options.has('d')) xl.complain(formatJson(configToJson(config ?? state.config)));
  if (options.has('V') || options.has('A')) xl.complain('xl: pvsim has no VNC server yet; no viewer is started');
  if (config !== null) checkSettings(xl, options, config);
  await startDomain(xl, options, config ?? state.config, async (client, paused) => {
    const made = await client.call('domain.restore', {file, config, baseDir: xl.cwd, paused}).catch(asXl);
    xl.complain(
      'xc: info: Found x86 HVM domain from Xen 4.17\nxc: info: Restoring domain\nxc: info: Restore successful',
    );
    return made;
  });
  return 0;
};

/** Whatever goes wrong, xl restore has one exit status. */
const asXl = (error: unknown): never => {
  if (!(error instanceof ToolstackError)) throw error;
  throw new ToolstackError(error.code, error.message, EXIT_FAILURE);
};
