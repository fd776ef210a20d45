import type {IgnoredSetting} from './domain-config.ts';
import {rawValue, type Settings} from './settings.ts';

/**
 * What pvsim does with a key:
 * - `works`: it has its effect
 * - `accepted`: read and checked as xl does, shown in JSON, without effect in a simulator
 * - `refused`: likewise, but a guest that asks for it cannot be had
 */
export type KeyState = 'works' | 'accepted' | 'refused';

/** How the value is written: one string, a number, 0 or 1, a list of strings, a list of lists, or in several ways. */
export type KeyKind = 'text' | 'number' | 'boolean' | 'list' | 'lists' | 'either';

/** The 172 keys of xl 4.17 to 4.23. @see xl.cfg(5); the judgements of xl-cfg-keys.json */
const CATALOGUE: Readonly<Record<KeyState, Partial<Record<KeyKind, string>>>> = {
  works: {
    text: `
      name type builder uuid on_poweroff on_reboot on_watchdog on_crash on_soft_reset
      kernel ramdisk cmdline root extra bootloader pool hdtype`,
    number: `
      vcpus maxvcpus memory maxmem max_grant_frames max_maptrack_frames max_grant_version max_event_channels
      cpu_weight cap period extratime`,
    boolean: 'nomigrate driver_domain xen_platform_pci',
    list: 'disk vif bootloader_args',
    either: 'cpus cpus_soft serial',
  },
  accepted: {
    text: `
      firmware firmware_override pvshim_path pvshim_cmdline pvshim_extra seclabel init_seclabel device_model_user
      bootloader_user boot bios bios_path_override acpi_firmware smbios_firmware ms_vm_genid vga vnclisten
      vncpasswd keymap display xauthority device_model device_model_version device_model_override vuart`,
    number: `
      slice latency xenstore_feature_mask shadow_memory rtc_timeoffset mmio_hole
      videoram vncdisplay vncviewer`,
    boolean: `
      pvshim xend_suspend_evtchn_compat dm_restrict bootloader_restrict e820_host hap oos pae acpi acpi_s3 acpi_s4
      acpi_laptop_slate apic nx hpet localtime vpt_align xen_platform_pci_bar_uc stdvga vnc vncunused
      sdl opengl nographic vkb_device msr_relaxed`,
    list: `
      xenstore_quota p9 pvcalls vfb channel usbctrl vdispl vkb virtio smbios device_model_args device_model_args_pv
      device_model_args_hvm vif2`,
    lists: 'vnuma vsnd',
    either: 'cpuid tsc_mode timer_mode usbdevice',
  },
  refused: {
    text: `
      device_tree passthrough rdm tee spicehost spicepasswd spice_image_compression spice_streaming_video soundhw
      vendor_device device_model_stubdomain_seclabel stubdomain_kernel stubdomain_cmdline stubdomain_ramdisk gic_version
      sve arm_sci`,
    number: `
      vmtrace_buf_kb rdm_mem_boundary altp2m_count spiceport spicetls_port spiceusbredirection usbversion
      stubdomain_memory nr_spis`,
    boolean: `
      vpmu pci_permissive pci_msitranslate pci_seize pci_power_mgmt altp2mhvm nestedhvm hvm_pirq spice
      spicedisable_ticketing spiceagent_mouse spicevdagent spice_clipboard_sharing usb device_model_stubdomain_override
      trap_unmapped_accesses`,
    list: 'vtpm usbdev pci dtdev ioports iomem irqs llc_colors mca_caps',
    either: 'gfx_passthru altp2m viridian',
  },
};

export type KeyFacts = {readonly state: KeyState; readonly kind: KeyKind};

export const KEYS: ReadonlyMap<string, KeyFacts> = new Map(
  Object.entries(CATALOGUE).flatMap(([state, kinds]) =>
    Object.entries(kinds).flatMap(([kind, keys]) =>
      keys
        .trim()
        .split(/\s+/)
        .map((key): [string, KeyFacts] => [key, {state: state as KeyState, kind: kind as KeyKind}]),
    ),
  ),
);

/** Keys that no xl has, which it reads over: what pvsim alone can do. */
export const OWN_KEYS: ReadonlySet<string> = new Set([
  'vbd_backend_tuning',
  'vbd_frontend_tuning',
  'vif_backend_tuning',
  'vif_frontend_tuning',
  'vscsi',
  'warm_image',
]);

/** Values that ask for nothing: what is refused otherwise may be switched off. */
const NEUTRAL = new Set(['', '0', 'none', 'disabled', 'default', 'off']);

const asksForNothing = (value: ReturnType<typeof rawValue>): boolean =>
  typeof value === 'string' ? NEUTRAL.has(value.toLowerCase()) : value.length === 0;

/** The settings of a file that have no effect in pvsim. xl itself says nothing about keys it does not know. */
export const ignoredSettings = (settings: Settings): IgnoredSetting[] =>
  [...settings.values()].flatMap(({key, value, line, column}) => {
    if (OWN_KEYS.has(key)) return [];
    const state = KEYS.get(key)?.state ?? 'unknown';
    if (state === 'works') return [];
    const reason = state === 'refused' && asksForNothing(rawValue(value)) ? 'accepted' : state;
    return [{key, line, column, reason}];
  });
