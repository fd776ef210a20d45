export {ConfigError, type Diagnostic} from './config-error.ts';
export type {HostTopology} from './cpu-list.ts';
export {VIF_DEFAULTS, withDomainDefaults, type CompleteDomainConfig} from './defaults.ts';
export {diskToJson, nicToJson} from './device-json.ts';
export type {DiskBackendType, DiskConfig, DiskFormat} from './disk-config.ts';
export {parseDiskSpec} from './disk-spec.ts';
export type {DomainConfig, DomainConfigOptions, GuestType, IgnoredSetting, ShutdownAction} from './domain-config.ts';
export {parseConfig, withOverrides} from './grammar.ts';
export {generateMac, generateUuid} from './identity.ts';
export {configToJson, domain0ToJson, listedDomain, type JsonOptions, scheduleToJson} from './json.ts';
export {domainConfig} from './parse-domain.ts';
export type {ConfigValue, ParsedConfig, RawValue, Setting, Settings} from './settings.ts';
export {actionFor, type ShutdownReason} from './shutdown-action.ts';
export {vdevToNumber} from './vdev.ts';
export {parseVifArguments, parseVifSpec, type VifConfig} from './vif-spec.ts';
export type {VifRate} from './vif-rate.ts';
export {
  formatVscsiAddress,
  parseVscsiAddress,
  parseVscsiSpec,
  type ScsiKind,
  type VscsiAddress,
  type VscsiConfig,
} from './vscsi-spec.ts';
export {formatJson, type JsonObject, type JsonValue} from './yajl.ts';
