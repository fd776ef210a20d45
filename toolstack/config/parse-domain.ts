import {DEFAULT_TOPOLOGY, type DomainConfig, type DomainConfigOptions, type ShutdownAction} from './domain-config.ts';
import {generateMac} from './identity.ts';
import {STEPS, type Draft} from './keys/index.ts';
import {ignoredSettings} from './known-keys.ts';
import {SettingReader} from './setting-reader.ts';
import {rawValue, type ParsedConfig} from './settings.ts';

/** Memory of a domain that asks for none. @see libxl_create.c's defaults: 32 MiB */
const DEFAULT_MEMORY_KIB = 32 * 1024;

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

/** A configuration with everything that building a domain needs. */
export type CompleteDomainConfig = DomainConfig &
  Required<Pick<DomainConfig, 'memoryKib' | 'maxMemoryKib' | 'vcpus' | 'maxVcpus'>>;

/**
 * Fills in what libxl fills in before it builds a domain: memory, vCPUs, and a MAC for every interface. Bridges,
 * scripts and backends stay open, as in the configuration that xl list -l shows.
 */
export const withDomainDefaults = (
  config: DomainConfig,
  {random}: Pick<DomainConfigOptions, 'random'>,
): CompleteDomainConfig => {
  const maxMemoryKib = config.maxMemoryKib ?? config.memoryKib ?? DEFAULT_MEMORY_KIB;
  return {
    ...config,
    maxMemoryKib,
    memoryKib: config.memoryKib ?? maxMemoryKib,
    maxVcpus: config.maxVcpus || 1,
    vcpus: config.vcpus || 1,
    vifs: config.vifs.map((vif, index) => ({...vif, devid: vif.devid ?? index, mac: vif.mac ?? generateMac(random)})),
  };
};

/** What libxl takes for an interface that does not say. @see xl-network-configuration(5) */
export const VIF_DEFAULTS = {bridge: 'xenbr0', script: '/etc/xen/scripts/vif-bridge', mtu: 1500} as const;

/** The action for a shutdown reason, by the names of sched.h in lower case. */
export const actionFor = (config: DomainConfig, reason: ShutdownReason): ShutdownAction | undefined =>
  ACTIONS[reason] && config[ACTIONS[reason]];

export type ShutdownReason = 'poweroff' | 'reboot' | 'suspend' | 'crash' | 'watchdog' | 'soft_reset';

/** A suspended domain stays as it is. */
const ACTIONS = {
  poweroff: 'onPoweroff',
  reboot: 'onReboot',
  suspend: undefined,
  crash: 'onCrash',
  watchdog: 'onWatchdog',
  soft_reset: 'onSoftReset',
} as const;
