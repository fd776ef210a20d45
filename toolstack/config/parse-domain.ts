import {DEFAULT_TOPOLOGY, type DomainConfig, type DomainConfigOptions} from './domain-config.ts';
import {STEPS, type Draft} from './keys/index.ts';
import {ignoredSettings} from './key-catalogue.ts';
import {SettingReader} from './setting-reader.ts';
import {rawValue, type ParsedConfig} from './settings.ts';

/**
 * What a parsed file asks for, with xl's checks, warnings and messages.
 * @throws ConfigError with xl's lines and exit status
 */
export const domainConfig = (parsed: ParsedConfig, {random, topology}: DomainConfigOptions): DomainConfig => {
  const reader = new SettingReader(parsed);
  const draft = emptyDraft();
  const context = {reader, draft, random, topology: topology ?? DEFAULT_TOPOLOGY};
  for (const step of STEPS) step(context);
  const {devices, libxl, ...fields} = draft;
  return {
    ...(fields as Omit<DomainConfig, 'libxl' | 'settings' | 'warnings' | 'ignored'>),
    libxl: {...libxl, devices},
    settings: Object.fromEntries([...parsed.settings].map(([key, {value}]) => [key, rawValue(value)])),
    warnings: reader.warnings,
    ignored: ignoredSettings(parsed.settings),
  };
};

const emptyDraft = (): Draft => ({
  disks: [],
  vifs: [],
  devices: {},
  libxl: {createInfo: {}, buildInfo: {}, typeInfo: {}, archArm: {}, archX86: {}, schedParams: {}},
});
