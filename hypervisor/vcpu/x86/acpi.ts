/** Ports of the fixed hardware that the tables describe: power-off by the sleep control register, and reset. */
export const SLEEP_CONTROL_PORT = 0xb900;
export const SLEEP_STATUS_PORT = 0xb901;
export const RESET_PORT = 0xb904;
/** SLP_EN of the sleep control register. @see ACPI 6.0, table 4-24 */
export const SLEEP_ENABLE = 0x20;

const HEADER_BYTES = 36;
const FADT_BYTES = 276;
const RSDP_BYTES = 36;
const RESET_VALUE = 1;
const S5_TYPE = 5;
const LOCAL_APIC_ADDRESS = 0xfee00000;

/** IAPC_BOOT_ARCH: no VGA to probe, no CMOS clock. */
const BOOT_ARCH = (1 << 2) | (1 << 5);
/** Fixed feature flags: WBINVD works, no power or sleep button, reset register, hardware-reduced ACPI. */
const FEATURES = (1 << 0) | (1 << 4) | (1 << 5) | (1 << 10) | (1 << 20);

const checksum = (bytes: Uint8Array): number => -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff;

const ascii = (view: DataView, at: number, text: string): void => {
  for (let i = 0; i < text.length; i++) view.setUint8(at + i, text.charCodeAt(i));
};

/** A system description table with its header and checksum. @see ACPI 6.0, table 5-28 */
const table = (signature: string, revision: number, bytes: number, fill: (view: DataView) => void): Uint8Array => {
  const content = new Uint8Array(bytes);
  const view = new DataView(content.buffer);
  ascii(view, 0, signature);
  view.setUint32(4, bytes, true);
  view.setUint8(8, revision);
  ascii(view, 10, 'Xen   PVSIM   ');
  view.setUint32(24, 1, true);
  ascii(view, 28, 'PVSM');
  view.setUint32(32, 1, true);
  fill(view);
  view.setUint8(9, checksum(content));
  return content;
};

/** Generic address structure of a byte-wide I/O port. */
const portRegister = (view: DataView, at: number, port: number): void => {
  view.setUint8(at, 1);
  view.setUint8(at + 1, 8);
  view.setUint8(at + 3, 1);
  view.setUint32(at + 4, port, true);
};

/** AML of `Name (_S5, Package (4) {5, 0, 0, 0})`: which sleep type is soft-off. */
const softOff = [0x08, 0x5f, 0x53, 0x35, 0x5f, 0x12, 0x06, 0x04, 0x0a, S5_TYPE, 0x00, 0x00, 0x00];

const dsdt = (): Uint8Array =>
  table('DSDT', 2, HEADER_BYTES + softOff.length, (view) => {
    for (const [i, byte] of softOff.entries()) view.setUint8(HEADER_BYTES + i, byte);
  });

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

/** One processor with a local APIC. */
const madt = (): Uint8Array =>
  table('APIC', 2, HEADER_BYTES + 16, (view) => {
    view.setUint32(36, LOCAL_APIC_ADDRESS, true);
    view.setUint8(45, 8);
    view.setUint32(48, 1, true);
  });

const xsdt = (addresses: readonly number[]): Uint8Array =>
  table('XSDT', 1, HEADER_BYTES + addresses.length * 8, (view) => {
    for (const [i, address] of addresses.entries()) view.setUint32(HEADER_BYTES + i * 8, address, true);
  });

const rsdp = (xsdtAddress: number): Uint8Array => {
  const content = new Uint8Array(RSDP_BYTES);
  const view = new DataView(content.buffer);
  ascii(view, 0, 'RSD PTR ');
  ascii(view, 9, 'Xen   ');
  view.setUint8(15, 2);
  view.setUint32(20, RSDP_BYTES, true);
  view.setUint32(24, xsdtAddress, true);
  view.setUint8(8, checksum(content.subarray(0, 20)));
  view.setUint8(32, checksum(content));
  return content;
};

export interface AcpiTable {
  signature: string;
  address: number;
  bytes: Uint8Array;
}

/**
 * The tables of a PVH guest, to be placed from physical address `base` on (aligned to 64; they fit into a page). The
 * first is the RSDP. Without them Linux takes the machine for a PC with a PIC and never uses Xen's clock.
 */
export const acpiTables = (base: number): AcpiTable[] => {
  const placed: AcpiTable[] = [];
  let next = base + 64;
  const place = (signature: string, bytes: Uint8Array): number => {
    const address = next;
    placed.push({signature, address, bytes});
    next = Math.ceil((address + bytes.length) / 64) * 64;
    return address;
  };
  const dsdtAddress = place('DSDT', dsdt());
  const fadtAddress = place('FACP', fadt(dsdtAddress));
  const madtAddress = place('APIC', madt());
  const xsdtAddress = place('XSDT', xsdt([fadtAddress, madtAddress]));
  return [{signature: 'RSD PTR ', address: base, bytes: rsdp(xsdtAddress)}, ...placed];
};
