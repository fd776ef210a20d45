import type {DiskConfig} from './disk-config.ts';
import type {VifConfig} from './vif-spec.ts';
import type {JsonObject, JsonValue} from './yajl.ts';

/** Devices as libxl prints them: its field names in its order, fields at their default left out. */

export const defbool = (value: boolean | undefined): string | undefined =>
  value === undefined ? undefined : value ? 'True' : 'False';

/** Integers at 0 are defaults. */
const nonZero = (value: number | undefined): number | undefined => (value === 0 ? undefined : value);

/** Drops what is undefined, so that objects compare and print alike. */
export const compact = (fields: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(fields).filter((field): field is [string, JsonValue] => field[1] !== undefined));

/** libxl_device_disk. `created` adds what libxl fills in when a domain is built. */
export const diskToJson = (disk: DiskConfig, {created = false} = {}): JsonObject =>
  compact({
    backend_domname: disk.backend,
    pdev_path: disk.target,
    vdev: disk.vdev,
    backend: disk.backendType,
    format: disk.format,
    script: disk.script,
    removable: nonZero(Number(disk.removable)),
    readwrite: nonZero(Number(disk.readwrite)),
    is_cdrom: nonZero(Number(disk.cdrom)),
    direct_io_safe: disk.directIoSafe || undefined,
    discard_enable: defbool(disk.discard),
    specification: disk.specification,
    colo_enable: defbool(disk.colo?.enable),
    colo_restore_enable: created ? 'False' : undefined,
    colo_host: disk.colo?.host,
    colo_port: nonZero(disk.colo?.port),
    colo_export: disk.colo?.export,
    active_disk: disk.colo?.activeDisk,
    hidden_disk: disk.colo?.hiddenDisk,
    trusted: defbool(disk.trusted),
    grant_usage: defbool(disk.grantUsage),
  });

const NIC_TYPES = {vif: 'vif', ioemu: 'vif_ioemu'} as const;

/** libxl_device_nic. `created` adds what libxl fills in when a domain is built. */
export const nicToJson = (vif: VifConfig, {created = false} = {}): JsonObject => {
  const type = vif.type ?? (created ? 'vif' : undefined);
  return compact({
    backend_domname: vif.backend,
    devid: vif.devid === -1 ? undefined : vif.devid,
    mtu: nonZero(vif.mtu),
    model: vif.model,
    mac: vif.mac,
    ip: vif.ip,
    bridge: vif.bridge,
    ifname: vif.vifname,
    script: vif.script,
    nictype: type && NIC_TYPES[type],
    rate_bytes_per_interval: nonZero(vif.rate?.bytesPerInterval),
    rate_interval_usecs: vif.rate?.intervalUs,
    gatewaydev: vif.gatewaydev,
    ...vif.colo,
    trusted: defbool(vif.trusted),
  });
};
