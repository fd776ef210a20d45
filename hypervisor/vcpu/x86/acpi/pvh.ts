import {name, packageOf} from './aml.ts';
import {type AcpiTable, dsdt, madt, placeTables, portRegister, table} from './tables.ts';

/** Ports of the fixed hardware that the tables describe: power-off by the sleep control register, and reset. */
export const SLEEP_CONTROL_PORT = 0xb900;
export const SLEEP_STATUS_PORT = 0xb901;
export const RESET_PORT = 0xb904;
/** SLP_EN of the sleep control register. @see ACPI 6.0, table 4-24 */
export const SLEEP_ENABLE = 0x20;

const FADT_BYTES = 276;
const RESET_VALUE = 1;
const S5_TYPE = 5;

/** IAPC_BOOT_ARCH: no VGA to probe, no CMOS clock. */
const BOOT_ARCH = (1 << 2) | (1 << 5);
/** Fixed feature flags: WBINVD works, no power or sleep button, reset register, hardware-reduced ACPI. */
const FEATURES = (1 << 0) | (1 << 4) | (1 << 5) | (1 << 10) | (1 << 20);

const fadt = (dsdtAddress: number): Uint8Array =>
  table('FACP', 6, FADT_BYTES, (view) => {
    view.setUint32(40, dsdtAddress, true);
    view.setUint16(109, BOOT_ARCH, true);
    view.setUint32(112, FEATURES, true);
    portRegister(view, 116, RESET_PORT);
    view.setUint8(128, RESET_VALUE);
    view.setUint32(140, dsdtAddress, true);
    portRegister(view, 244, SLEEP_CONTROL_PORT);
    portRegister(view, 256, SLEEP_STATUS_PORT);
  });

/**
 * The tables of a PVH guest, to be placed from physical address `base` on (aligned to 64; they fit into a page). The
 * first is the RSDP. Without them Linux takes the machine for a PC with a PIC and never uses Xen's clock.
 */
export const pvhTables = (base: number): AcpiTable[] =>
  placeTables(base, (placer) => {
    const dsdtAddress = placer.place('DSDT', dsdt(name('_S5', packageOf([S5_TYPE, 0, 0, 0]))));
    const fadtAddress = placer.place('FACP', fadt(dsdtAddress));
    return [fadtAddress, placer.place('APIC', madt(0))];
  });
