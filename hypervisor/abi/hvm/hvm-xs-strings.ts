/**
 * Names of the xenstore nodes that hvmloader reads.
 * @see hvm/hvm_xs_strings.h
 */

export const HVM_XS_HVMLOADER = 'hvmloader';
export const HVM_XS_BIOS = 'hvmloader/bios';
export const HVM_XS_GENERATION_ID_ADDRESS = 'hvmloader/generation-id-address';
export const HVM_XS_ALLOW_MEMORY_RELOCATE = 'hvmloader/allow-memory-relocate';
export const HVM_XS_ACPI_PT_ADDRESS = 'hvmloader/acpi/address';
export const HVM_XS_ACPI_PT_LENGTH = 'hvmloader/acpi/length';
export const HVM_XS_SMBIOS_PT_ADDRESS = 'hvmloader/smbios/address';
export const HVM_XS_SMBIOS_PT_LENGTH = 'hvmloader/smbios/length';
export const HVM_XS_SMBIOS_DEFAULT_BATTERY = 'hvmloader/smbios/default_battery';
export const HVM_XS_BIOS_STRINGS = 'bios-strings';
export const HVM_XS_BIOS_VENDOR = 'bios-strings/bios-vendor';
export const HVM_XS_BIOS_VERSION = 'bios-strings/bios-version';
export const HVM_XS_SYSTEM_MANUFACTURER = 'bios-strings/system-manufacturer';
export const HVM_XS_SYSTEM_PRODUCT_NAME = 'bios-strings/system-product-name';
export const HVM_XS_SYSTEM_VERSION = 'bios-strings/system-version';
export const HVM_XS_SYSTEM_SERIAL_NUMBER = 'bios-strings/system-serial-number';
export const HVM_XS_BASEBOARD_MANUFACTURER = 'bios-strings/baseboard-manufacturer';
export const HVM_XS_BASEBOARD_PRODUCT_NAME = 'bios-strings/baseboard-product-name';
export const HVM_XS_BASEBOARD_VERSION = 'bios-strings/baseboard-version';
export const HVM_XS_BASEBOARD_SERIAL_NUMBER = 'bios-strings/baseboard-serial-number';
export const HVM_XS_BASEBOARD_ASSET_TAG = 'bios-strings/baseboard-asset-tag';
export const HVM_XS_BASEBOARD_LOCATION_IN_CHASSIS = 'bios-strings/baseboard-location-in-chassis';
export const HVM_XS_ENCLOSURE_MANUFACTURER = 'bios-strings/enclosure-manufacturer';
export const HVM_XS_ENCLOSURE_SERIAL_NUMBER = 'bios-strings/enclosure-serial-number';
export const HVM_XS_ENCLOSURE_ASSET_TAG = 'bios-strings/enclosure-asset-tag';
export const HVM_XS_BATTERY_MANUFACTURER = 'bios-strings/battery-manufacturer';
export const HVM_XS_BATTERY_DEVICE_NAME = 'bios-strings/battery-device-name';
export const HVM_XS_OEM_STRINGS = 'bios-strings/oem-%d';
