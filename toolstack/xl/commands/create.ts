import {configToJson, type DomainConfig, formatJson} from '../../config/index.ts';
import {ToolstackError} from '../../errors.ts';
import {checkSettings} from '../check-settings.ts';
import type {Options, Run} from '../command.ts';
import {readConfigFile} from '../config-file.ts';
import {startDomain} from '../start-domain.ts';

/** libxl's error number as an exit status. */
const EXIT_INVAL = 6;

export const run: Run = async (xl, options, operands) => {
  const line = readCommandLine(options, operands);
  if (line === undefined) return xl.usage();
  const {file, overrides} = line;
  const read = readConfigFile(xl, file, {overrides, quiet: options.has('q')});
  const config: DomainConfig = options.has('referee') ? {...read, referee: true} : read;
  if (xl.dryRun || options.has('n')) {
    xl.out(formatJson(configToJson(config)));
    return 0;
  }
  if (options.has('d')) xl.complain(formatJson(configToJson(config)));
  if (options.has('V') || options.has('A')) xl.complain('xl: pvsim has no VNC server yet; no viewer is started');
  checkSettings(xl, options, config);
  await startDomain(xl, options, config, (client, paused) =>
    client.call('domain.create', {config, baseDir: xl.cwd, paused}),
  );
  return 0;
};

interface CommandLine {
  readonly file: string;
  readonly overrides: readonly string[];
}

/** `key=value` operands go into the configuration, the other one is the file. Undefined: two files. */
const readCommandLine = (options: Options, operands: readonly string[]): CommandLine | undefined => {
  const overrides = operands.filter((operand) => operand.includes('='));
  const files = operands.filter((operand) => !operand.includes('='));
  const given = options.value('f');
  if (given !== undefined) files.unshift(given);
  if (files.length > 1) return undefined;
  if (files.length === 0) {
    throw new ToolstackError('EINVAL', 'Config file not specified and none in save file', EXIT_INVAL);
  }
  return {file: files[0], overrides};
};
