/** pvsim as a library: a Xen host in your own process. */
export type {BlockBackend, BlockBatch, BlockStatistics} from '../backends/block/index.ts';
export type {NetBackend, VifFrames, VifPacket, VifStats} from '../backends/net/index.ts';
export type {Bridge, BridgeInterface, FrameCapture} from '../backends/network/index.ts';
export type {BlockDevice, ConsoleDevice, NetDevice} from '../frontends/api.ts';
export {DeviceIoError} from '../frontends/api.ts';
export type {Guest, GuestProgram} from '../frontends/guest/index.ts';
export type {DomainEvent, DomainInfo, DomId} from '../hypervisor/index.ts';
export {type FaultRates, realClock, type Schedule, virtualClock} from '../hypervisor/schedule/index.ts';
export {formatRecord, type TraceRecord} from '../hypervisor/trace/index.ts';
export {stateName, type XenbusDevice, type XenbusState} from '../hypervisor/xenbus/index.ts';
export {
  ConfigError,
  type DiskConfig,
  type DomainConfig,
  parseDiskSpec,
  parseVifSpec,
  type VifConfig,
} from './config/index.ts';
export type {DriverHost} from './conform/iut/iut.ts';
export type {ConsoleBackendModule, ConsoleFrontendModule, DriverModule} from './conform/iut/module.ts';
export {ToolstackError} from './errors.ts';
export type {BridgeConfig, CreateOptions, Host, HostBusEvent, HostOptions, PlugOptions} from './host/api.ts';
export {createHost, type XenHost} from './host/host.ts';
export type {DomainStatistics} from './host/observe.ts';
export type {SaveOptions} from './host/save.ts';
