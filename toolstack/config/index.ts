export {ConfigError, EXIT_BAD_CONFIG, type Diagnostic} from './config-error.ts';
export type {HostTopology} from './cpu-list.ts';
export {parseCpuList} from './cpu-list.ts';
export {diskToJson, nicToJson} from './device-json.ts';
export {parseDiskSpec, type DiskBackendType, type DiskConfig, type DiskFormat} from './disk-spec.ts';
export type {DomainConfig, DomainConfigOptions, GuestType, IgnoredSetting, ShutdownAction} from './domain-config.ts';
export {parseConfig, withOverrides} from './grammar.ts';
export {generateMac, generateUuid, parseUuid} from './identity.ts';
export {configToJson, domain0ToJson, listedDomain, type JsonOptions} from './json.ts';
export {
  actionFor,
  domainConfig,
  VIF_DEFAULTS,
  withDomainDefaults,
  type CompleteDomainConfig,
  type ShutdownReason,
} from './parse-domain.ts';
export {rawValue, type ConfigValue, type ParsedConfig, type RawValue, type Setting, type Settings} from './settings.ts';
export {numberToVdev, vdevToNumber} from './vdev.ts';
export {parseVifArguments, parseVifSpec, type VifConfig} from './vif-spec.ts';
export type {VifRate} from './vif-rate.ts';
export {formatJson, type JsonObject, type JsonValue} from './yajl.ts';
