import {randomInt} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {resolve} from 'node:path';
import {type DomainConfig, domainConfig, parseConfig, withOverrides} from '../config/index.ts';
import {ToolstackError} from '../errors.ts';
import {strerror} from '../strerror.ts';
import type {Xl} from './command.ts';
import {completeConfig} from './xl-conf.ts';

/** libxl's error number as an exit status. */
const EXIT_FAIL = 3;

/** Reads a configuration file and says on stderr what xl says of it. `overrides` are `key=value` settings. */
export const readConfigFile = (
  xl: Xl,
  file: string,
  {overrides = [], quiet = false}: {overrides?: readonly string[]; quiet?: boolean} = {},
): DomainConfig => {
  const text = readFile(xl, file);
  if (!quiet) xl.complain(`Parsing config from ${file}`);
  const config = domainConfig(parseConfig(withOverrides(text, overrides), file), {random: () => randomInt(2 ** 32)});
  for (const warning of config.warnings) xl.complain(warning);
  return completeConfig(xl, config);
};

const readFile = ({cwd}: Xl, file: string): string => {
  try {
    return readFileSync(resolve(cwd, file), 'utf8');
  } catch (error) {
    const reason = strerror(error as NodeJS.ErrnoException);
    throw new ToolstackError('ENOENT', `Failed to read config file: ${file}: ${reason}`, EXIT_FAIL);
  }
};
