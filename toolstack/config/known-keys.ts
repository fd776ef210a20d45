import type {IgnoredSetting} from './domain-config.ts';
import type {Settings} from './settings.ts';

const words = (text: string): string[] => text.trim().split(/\s+/);

/** Keys that change what pvsim does. */
const EFFECTIVE = new Set(
  words(`
    name type builder uuid vcpus maxvcpus cpus cpus_soft memory maxmem
    on_poweroff on_reboot on_watchdog on_crash on_soft_reset
    kernel ramdisk cmdline root extra bootloader bootloader_args
    max_grant_frames max_maptrack_frames max_grant_version max_event_channels nomigrate driver_domain disk vif
  `),
);

/** Other keys of xl 4.17 to 4.22. @see xl.cfg(5) */
const OTHER_KEYS = new Set(
  words(`
    pool cpu_weight cap period slice latency extratime vnuma firmware firmware_override pvshim pvshim_path
    pvshim_cmdline pvshim_extra seclabel init_seclabel xend_suspend_evtchn_compat usbctrl virtio dm_restrict
    device_model_user bootloader_restrict bootloader_user e820_host boot hdtype hap oos shadow_memory bios
    bios_path_override pae acpi acpi_s3 acpi_s4 acpi_laptop_slate apic nx hpet cpuid acpi_firmware smbios_firmware
    smbios ms_vm_genid tsc_mode localtime rtc_timeoffset vpt_align timer_mode mmio_hole xen_platform_pci
    xen_platform_pci_bar_uc videoram stdvga vga vnc vnclisten vncdisplay vncunused vncpasswd keymap sdl opengl display
    xauthority nographic vncviewer vkb_device usbdevice device_model device_model_version device_model_override
    device_model_args device_model_args_pv device_model_args_hvm vuart msr_relaxed vif2
    xenstore_feature_mask xenstore_quota p9 pvcalls vfb channel vdispl vsnd vkb serial
    device_tree passthrough vmtrace_buf_kb vpmu vtpm rdm rdm_mem_boundary usbdev pci pci_permissive pci_msitranslate
    pci_seize pci_power_mgmt gfx_passthru dtdev ioports iomem irqs tee altp2m altp2mhvm altp2m_count nestedhvm viridian
    hvm_pirq spice spicehost spiceport spicetls_port spicedisable_ticketing spicepasswd spiceagent_mouse spicevdagent
    spice_clipboard_sharing spiceusbredirection spice_image_compression spice_streaming_video soundhw usb usbversion
    vendor_device device_model_stubdomain_override device_model_stubdomain_seclabel stubdomain_kernel stubdomain_cmdline
    stubdomain_ramdisk stubdomain_memory gic_version sve llc_colors nr_spis trap_unmapped_accesses arm_sci mca_caps
  `),
);

/** The settings of a file that have no effect in pvsim. xl itself says nothing about keys it does not know. */
export const ignoredSettings = (settings: Settings): IgnoredSetting[] =>
  [...settings.values()]
    .filter(({key}) => !EFFECTIVE.has(key))
    .map(({key, line, column}) => ({key, line, column, reason: OTHER_KEYS.has(key) ? 'unsupported' : 'unknown'}));
