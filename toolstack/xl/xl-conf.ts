import {readFileSync} from 'node:fs';
import {type DomainConfig, parseConfig, type VifConfig} from '../config/index.ts';
import {ToolstackError} from '../errors.ts';
import {strerror} from '../strerror.ts';
import type {Xl} from './command.ts';

/** What a vif is given that says nothing of it. @see xl.conf(5) */
const VIF_KEYS = {
  bridge: 'vif.default.bridge',
  script: 'vif.default.script',
  gatewaydev: 'vif.default.gatewaydev',
} as const;

type VifDefaults = Partial<Pick<VifConfig, keyof typeof VIF_KEYS>>;

/** The settings of xl.conf in the host's home; none when there is no such file. ConfigError when it cannot be read. */
const readVifDefaults = ({confFile}: Xl): VifDefaults => {
  const text = confFile === undefined ? undefined : readIfThere(confFile);
  if (confFile === undefined || text === undefined) return {};
  const {settings} = parseConfig(text, confFile);
  const found = Object.entries(VIF_KEYS).flatMap(([name, key]) => {
    const value = settings.get(key)?.value;
    return value?.kind === 'string' ? [[name, value.text] as const] : [];
  });
  return Object.fromEntries(found);
};

const readIfThere = (file: string): string | undefined => {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const {code = 'EIO'} = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return undefined;
    throw new ToolstackError(code, `Failed to read config file: ${file}: ${strerror(error as NodeJS.ErrnoException)}`);
  }
};

/** A vif with what xl.conf says where it says nothing itself. */
export const completeVif = (xl: Xl, vif: VifConfig): VifConfig => ({...readVifDefaults(xl), ...withoutUndefined(vif)});

export const completeConfig = (xl: Xl, config: DomainConfig): DomainConfig => {
  if (config.vifs.length === 0) return config;
  const defaults = readVifDefaults(xl);
  return {...config, vifs: config.vifs.map((vif) => ({...defaults, ...withoutUndefined(vif)}))};
};

const withoutUndefined = (vif: VifConfig): VifConfig =>
  Object.fromEntries(Object.entries(vif).filter(([, value]) => value !== undefined)) as VifConfig;
