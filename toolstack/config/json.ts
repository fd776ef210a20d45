import {compact, defbool, diskToJson, nicToJson} from './device-json.ts';
import type {DomainConfig, ShutdownAction} from './domain-config.ts';
import {ARCH_ARM, BUILD_INFO, CREATE_INFO, DEVICE_LISTS, ordered, SCHED_PARAMS, TYPE_INFO} from './libxl-fields.ts';
import {SHUTDOWN_ACTIONS} from './shutdown-action.ts';
import type {JsonObject, JsonValue} from './yajl.ts';

export type JsonOptions = {
  /** The domain exists: show what libxl has filled in (xl list -l) and not only what the file says (xl create -n). */
  created?: boolean;
};

/** The domid in a stored configuration is always this. */
const DOMID_INVALID = 4_294_967_295;

/** What the scheduler reports for a domain that asked for nothing special. */
const DEFAULT_SCHEDULER = {sched: 'credit2', weight: 256, cap: 0};

/**
 * The configuration as libxl prints it (`xl create -n`, `xl list -l`): its names, its order, defaults left out.
 * @see golden/cli/xl-create-dryrun.txt, xl-list-l.txt
 */
export const configToJson = (config: DomainConfig, {created = false}: JsonOptions = {}): JsonObject =>
  compact({
    c_info: createInfo(config, created),
    b_info: buildInfo(config, created),
    ...deviceLists(config, created),
    on_poweroff: action(config.onPoweroff),
    on_reboot: action(config.onReboot),
    on_watchdog: action(config.onWatchdog),
    on_crash: action(config.onCrash),
    on_soft_reset: action(config.onSoftReset),
  });

/** Destroying is the default of every action. */
const action = (name: ShutdownAction): string | undefined => (name === 'destroy' ? undefined : SHUTDOWN_ACTIONS[name]);

const createInfo = ({type, name, uuid, driverDomain, libxl}: DomainConfig, created: boolean): JsonObject =>
  ordered(CREATE_INFO, {
    ...libxl.createInfo,
    type,
    name,
    domid: created ? DOMID_INVALID : undefined,
    uuid,
    driver_domain: defbool(driverDomain),
  });

const buildInfo = (config: DomainConfig, created: boolean): JsonObject => {
  const {libxl} = config;
  return ordered(BUILD_INFO, {
    ...libxl.buildInfo,
    max_vcpus: config.maxVcpus || undefined,
    avail_vcpus: config.vcpus ? Array.from({length: config.vcpus}, (_, vcpu) => vcpu) : undefined,
    max_memkb: config.maxMemoryKib,
    target_memkb: config.memoryKib,
    ...(created && {video_memkb: libxl.buildInfo.video_memkb ?? 0}),
    max_grant_frames: config.maxGrantFrames,
    max_maptrack_frames: config.maxMaptrackFrames,
    max_grant_version: config.maxGrantVersion,
    sched_params: ordered(SCHED_PARAMS, schedulerParameters(config, created)),
    event_channels: config.maxEventChannels,
    kernel: config.kernel,
    cmdline: config.cmdline,
    ramdisk: config.ramdisk,
    bootloader: config.bootloader,
    bootloader_args: nonEmpty(config.bootloaderArgs),
    [`type.${config.type}`]: ordered(TYPE_INFO[config.type], libxl.typeInfo),
    arch_arm: ordered(ARCH_ARM, libxl.archArm),
    arch_x86: {...(created && {msr_relaxed: 'False'}), ...libxl.archX86},
  });
};

const schedulerParameters = ({libxl: {schedParams}}: DomainConfig, created: boolean): JsonObject =>
  created && schedParams.sched === undefined ? {...DEFAULT_SCHEDULER, ...schedParams} : schedParams;

const nonEmpty = <T extends JsonValue>(items: readonly T[] | undefined): readonly T[] | undefined =>
  items && items.length > 0 ? items : undefined;

const deviceLists = ({disks, vifs, libxl}: DomainConfig, created: boolean): JsonObject => {
  const lists: Record<string, readonly JsonObject[]> = {
    ...libxl.devices,
    disks: disks.map((disk) => diskToJson(disk, {created})),
    nics: vifs.map((vif) => nicToJson(vif, {created})),
  };
  return Object.fromEntries(
    Object.entries(DEVICE_LISTS).map(([name, fields]) => [
      name,
      nonEmpty((lists[name] ?? []).map((device) => (fields === undefined ? device : ordered(fields, device)))),
    ]),
  );
};

/** What a pool's scheduler knows of a domain. */
export type ScheduleFacts = {
  readonly scheduler: string;
  readonly weight: number;
  readonly cap: number;
  /** Of each vCPU, in microseconds. */
  readonly vcpus: readonly {readonly period: number; readonly budget: number; readonly extratime: boolean}[];
};

/** @see libxl_types.idl, domain_sched_params; of RTDS what the first vCPU has */
export const scheduleToJson = ({scheduler, weight, cap, vcpus}: ScheduleFacts): JsonObject => {
  if (scheduler === 'rtds') {
    const [{period, budget, extratime}] = vcpus;
    return {sched: scheduler, period, budget, extratime: Number(extratime)};
  }
  return scheduler.startsWith('credit') ? {sched: scheduler, weight, cap} : {sched: scheduler};
};

/** The entry of xl list -l for a domain. */
export const listedDomain = (domid: number, config: JsonObject): JsonObject => ({domid, config});

/** Domain 0 has no configuration file; this is what xl list -l knows about it. */
export const domain0ToJson = ({
  maxMemoryKib,
  memoryKib,
  schedule,
}: {
  maxMemoryKib: number;
  memoryKib: number;
  schedule: ScheduleFacts;
}): JsonObject => ({
  c_info: {type: 'pv', name: 'Domain-0'},
  b_info: {
    max_memkb: maxMemoryKib,
    target_memkb: memoryKib,
    sched_params: scheduleToJson(schedule),
    'type.pv': {},
    arch_arm: {},
    arch_x86: {},
  },
});
