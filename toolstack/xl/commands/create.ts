import {readFileSync} from 'node:fs';
import {resolve} from 'node:path';
import {randomInt} from 'node:crypto';
import {
  configToJson,
  type DomainConfig,
  domainConfig,
  formatJson,
  type IgnoredSetting,
  parseConfig,
  withOverrides,
} from '../../config/index.ts';
import {ToolstackError} from '../../errors.ts';
import type {Options, Run, Xl} from '../command.ts';
import {ConsoleSession} from '../console-session.ts';
import {followDomain} from '../follow-domain.ts';
import {strerror} from '../../strerror.ts';

/** libxl's error numbers as exit statuses. */
const EXIT_FAIL = 3;
const EXIT_INVAL = 6;

export const run: Run = async (xl, options, operands) => {
  const line = readCommandLine(options, operands);
  if (line === undefined) return xl.usage();
  const config = readConfig(xl, options, line);
  if (xl.dryRun || options.has('n')) {
    xl.out(formatJson(configToJson(config)));
    return 0;
  }
  if (options.has('d')) xl.complain(formatJson(configToJson(config)));
  if (options.has('V') || options.has('A')) xl.complain('xl: pvsim has no VNC server yet; no viewer is started');
  return create(xl, options, config);
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

const readConfig = (xl: Xl, options: Options, {file, overrides}: CommandLine): DomainConfig => {
  const text = readFile(xl, file);
  if (!options.has('q')) xl.complain(`Parsing config from ${file}`);
  const config = domainConfig(parseConfig(withOverrides(text, overrides), file), {random: () => randomInt(2 ** 32)});
  for (const warning of config.warnings) xl.complain(warning);
  return config;
};

const readFile = ({cwd}: Xl, file: string): string => {
  try {
    return readFileSync(resolve(cwd, file), 'utf8');
  } catch (error) {
    const reason = strerror(error as NodeJS.ErrnoException);
    throw new ToolstackError('ENOENT', `Failed to read config file: ${file}: ${reason}`, EXIT_FAIL);
  }
};

/** Settings that a simulator cannot grant end it; those without effect are named, which xl itself would not do. */
const checkSettings = (xl: Xl, options: Options, {ignored}: DomainConfig): void => {
  const keys = (wanted: IgnoredSetting['reason']): string =>
    ignored
      .filter(({reason}) => reason === wanted)
      .map(({key}) => key)
      .join(', ');
  const [refused, accepted, unknown] = [keys('refused'), keys('accepted'), keys('unknown')];
  if (refused !== '') throw new ToolstackError('ENOTSUP', `xl: pvsim cannot give a guest: ${refused}`, EXIT_FAIL);
  if (options.has('q')) return;
  if (accepted !== '') xl.complain(`xl: without effect in pvsim: ${accepted}`);
  if (unknown !== '') xl.complain(`xl: unknown settings: ${unknown}`);
};

const create = async (xl: Xl, options: Options, config: DomainConfig): Promise<number> => {
  checkSettings(xl, options, config);
  const client = await xl.client();
  const console = options.has('c') ? new ConsoleSession(client) : undefined;
  // The guest waits until its console is attached, so that nothing it prints is missed.
  const paused = options.has('p') || console !== undefined;
  const {domid} = await client.call('domain.create', {config, baseDir: xl.cwd, paused});
  const followed = options.has('F') ? followDomain(xl, client, domid, config) : undefined;
  if (console !== undefined) {
    await console.attach(domid);
    if (!options.has('p')) await client.call('domain.unpause', {domid});
    await console.ended;
  }
  await followed;
  return 0;
};
