import {compact} from './device-json.ts';
import type {GuestType} from './domain-config.ts';
import type {JsonObject, JsonValue} from './yajl.ts';

/** The order in which libxl prints its structures' fields. @see libxl_types.idl */

const words = (text: string): readonly string[] => text.trim().split(/\s+/);

/** A structure's fields; one that is a structure itself has its own. */
export type Fields = readonly (string | readonly [name: string, fields: readonly string[]])[];

const VNC: Fields[number] = ['vnc', words('enable listen passwd display findunused')];
const SDL: Fields[number] = ['sdl', words('enable opengl display xauthority')];

export const CREATE_INFO: Fields = words(`
  type hap oos ssidref ssid_label name domid uuid poolid pool_name run_hotplug_scripts driver_domain passthrough
  xend_suspend_evtchn_compat
`);

export const SCHED_PARAMS: Fields = words('sched weight cap period budget extratime slice latency');

export const ARCH_ARM: Fields = words('gic_version vuart');

export const BUILD_INFO: Fields = words(`
  max_vcpus avail_vcpus cpumap nodemap vcpu_hard_affinity vcpu_soft_affinity numa_placement tsc_mode max_memkb
  target_memkb video_memkb shadow_memkb iommu_memkb rtc_timeoffset exec_ssidref exec_ssid_label localtime
  disable_migrate cpuid blkdev_start vnuma_nodes max_grant_frames max_maptrack_frames max_grant_version
  device_model_version device_model_stubdomain stubdomain_memkb stubdomain_kernel stubdomain_cmdline
  stubdomain_ramdisk device_model device_model_ssid_label device_model_user extra extra_pv extra_hvm sched_params
  ioports irqs iomem claim_mode event_channels kernel cmdline ramdisk device_tree acpi bootloader bootloader_args
  timer_mode nested_hvm apic dm_restrict tee type.hvm type.pv type.pvh arch_arm arch_x86 altp2m vmtrace_buf_kb vpmu
`);

export const TYPE_INFO: Readonly<Record<GuestType, Fields>> = {
  pv: ['e820_host'],
  pvh: words('pvshim pvshim_path pvshim_cmdline pvshim_extra'),
  hvm: [
    ...words(`
      firmware bios pae apic acpi acpi_s3 acpi_s4 acpi_laptop_slate nx viridian viridian_enable viridian_disable hpet vpt_align mmio_hole_memkb altp2m
      system_firmware smbios_firmware acpi_firmware hdtype nographic vga
    `),
    VNC,
    'keymap',
    SDL,
    [
      'spice',
      words(`
        enable port tls_port host disable_ticketing passwd agent_mouse vdagent clipboard_sharing usbredirection
        image_compression streaming_video
      `),
    ],
    ...words(`
      gfx_passthru gfx_passthru_kind serial boot usb usbversion usbdevice vkb_device soundhw xen_platform_pci
      usbdevice_list vendor_device ms_vm_genid serial_list rdm rdm_mem_boundary_memkb mca_caps
    `),
  ],
};

/** Lists of devices in order, with the fields of those that are not printed in order anyway. */
export const DEVICE_LISTS: Readonly<Record<string, Fields | undefined>> = {
  disks: undefined,
  nics: undefined,
  pcidevs: undefined,
  dtdevs: ['path'],
  vfbs: ['devid', VNC, SDL, 'keymap'],
  vkbs: words(`
    backend_domname devid backend_type unique_id feature_disable_keyboard feature_disable_pointer feature_abs_pointer
    feature_raw_pointer feature_multi_touch width height multi_touch_width multi_touch_height multi_touch_num_contacts
  `),
  vtpms: words('backend_domname devid uuid'),
  p9s: words('backend_domname tag path security_model'),
  pvcallsifs: words('backend_domname devid'),
  vdispls: words('backend_domname devid be_alloc connectors'),
  vsnds: words('backend_domname devid short_name long_name params pcms'),
  channels: words('backend_domname devid name connection.pty connection.socket'),
  usbctrls: words('type devid version ports'),
  usbdevs: words('ctrl port type.hostdev'),
};

/** The present fields of an object in a structure's order. */
export const ordered = (fields: Fields, object: JsonObject): JsonObject =>
  compact(
    Object.fromEntries(
      fields.map((field) => (typeof field === 'string' ? [field, object[field]] : nested(field, object))),
    ),
  );

const nested = (
  [name, fields]: readonly [string, readonly string[]],
  object: JsonObject,
): [string, JsonValue | undefined] => {
  const value = object[name];
  return [name, value === undefined ? undefined : ordered(fields, value as JsonObject)];
};
