import {ConfigError} from '../config-error.ts';
import {formatCpuList, parseCpuList, type HostTopology} from '../cpu-list.ts';
import {diskToJson, nicToJson} from '../device-json.ts';
import type {DiskConfig} from '../disk-config.ts';
import {parseDiskSpec} from '../disk-spec.ts';
import {vdevToNumber} from '../vdev.ts';
import {parseVifRate} from '../vif-rate.ts';
import {parseVifArguments, parseVifSpec, type VifConfig} from '../vif-spec.ts';
import type {JsonObject} from '../yajl.ts';

/** Runs a parser of libxlu; its complaint becomes a fact. */
const attempt = <T>(parse: () => T): T | ConfigError => {
  try {
    return parse();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
};

/** The parser's fields of libxl_device_disk, unset ones as null, 0 or `unknown`. */
const libxlDisk = (disk: DiskConfig) => ({
  pdev_path: disk.target ?? null,
  vdev: disk.vdev,
  format: disk.format,
  backend: disk.backendType ?? 'unknown',
  specification: disk.specification ?? 'unknown',
  backend_domname: disk.backend ?? null,
  script: disk.script ?? null,
  readwrite: Number(disk.readwrite),
  removable: Number(disk.removable),
  is_cdrom: Number(disk.cdrom),
  direct_io_safe: disk.directIoSafe,
  discard_enable: disk.discard ?? null,
  trusted: disk.trusted ?? null,
  colo_enable: disk.colo?.enable ?? null,
  colo_host: disk.colo?.host ?? null,
  colo_port: disk.colo?.port ?? 0,
  colo_export: disk.colo?.export ?? null,
  active_disk: disk.colo?.activeDisk ?? null,
  hidden_disk: disk.colo?.hiddenDisk ?? null,
  grant_usage: disk.grantUsage ?? null,
});

export type DiskFacts =
  | {
      ok: true;
      messages: readonly string[];
      disk: ReturnType<typeof libxlDisk>;
      /** The number of the virtual device, -1 if libxl knows no such name. */
      devid: number;
      xl_dryrun_json: JsonObject;
      xl_exit: number;
    }
  | {ok: false; messages: readonly string[]; xl_exit: number};

/** What `xl block-attach` sees in its arguments, which together are one disk. */
export const diskFacts = (specs: readonly string[]): DiskFacts => {
  const disk = attempt(() => parseDiskSpec(specs));
  if (disk instanceof ConfigError) return {ok: false, messages: disk.lines, xl_exit: disk.exitCode};
  return {
    ok: true,
    messages: [],
    disk: libxlDisk(disk),
    devid: vdevToNumber(disk.vdev) ?? -1,
    xl_dryrun_json: diskToJson(disk),
    xl_exit: 0,
  };
};

/** What xl does with an interface: its exit status, libxl_device_nic, and the lines it prints. */
export type NicFacts = {exit: number; nic: JsonObject | null; stderr: readonly string[]};

export type VifFacts = {ok: boolean; config: NicFacts; attach: {args: readonly string[]} & NicFacts};

const nicFacts = (parse: () => {vif: VifConfig; warnings: readonly string[]}): NicFacts => {
  const result = attempt(parse);
  return result instanceof ConfigError
    ? {exit: result.exitCode, nic: null, stderr: result.lines}
    : {exit: 0, nic: nicToJson(result.vif), stderr: result.warnings};
};

/**
 * What xl sees in an interface's specification: as the one item of a config's vif=[], whose place in the list is the
 * devid, and cut at its commas into the arguments of `xl network-attach`.
 */
export const vifFacts = (spec: string, fileName: string): VifFacts => {
  const inFile = nicFacts(() => parseVifSpec(spec, fileName));
  const config = {...inFile, nic: inFile.nic && {devid: 0, ...inFile.nic}};
  const args = spec.split(',').filter((arg) => arg !== '');
  const attach = {args, ...nicFacts(() => parseVifArguments(args))};
  return {ok: config.exit === 0, config, attach};
};

export type RateFacts =
  | {ok: true; errno: 'OK'; messages: readonly string[]; rate_bytes_per_interval: number; rate_interval_usecs: number}
  | {ok: false; errno: 'EINVAL' | 'EOVERFLOW'; messages: readonly string[]};

/** What libxlu makes of the value of rate=. */
export const rateFacts = (rate: string): RateFacts => {
  const read = parseVifRate(rate);
  if ('error' in read) {
    const message = `command line: config parsing error in vif: ${read.error} in \`${read.part}'`;
    return {ok: false, errno: read.error.endsWith('overflow') ? 'EOVERFLOW' : 'EINVAL', messages: [message]};
  }
  const {bytesPerInterval, intervalUs} = read;
  return {
    ok: true,
    errno: 'OK',
    messages: [],
    rate_bytes_per_interval: bytesPerInterval,
    rate_interval_usecs: intervalUs,
  };
};

/** `cpumap` as xl vcpu-list writes it. */
export type CpusFacts = {exit: number; cpumap: string | null; stderr: readonly string[]};

const EXIT_FAILURE = 1;

/** What `xl vcpu-pin` makes of a list of CPUs. */
export const cpusFacts = (list: string, topology: HostTopology): CpusFacts => {
  const cpus = parseCpuList(list, topology);
  if ('error' in cpus) return {exit: EXIT_FAILURE, cpumap: null, stderr: [cpus.error]};
  return {exit: 0, cpumap: formatCpuList(cpus, topology), stderr: []};
};
