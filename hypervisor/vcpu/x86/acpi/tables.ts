/** What all of ACPI's tables are made of. @see ACPI 6.0, chapter 5 */

export const HEADER_BYTES = 36;
const RSDP_BYTES = 36;
const LOCAL_APIC_ADDRESS = 0xfee00000;
const MADT_ENTRIES = 44;
const ALIGNMENT = 64;

export interface AcpiTable {
  signature: string;
  address: number;
  bytes: Uint8Array;
}

const checksum = (bytes: Uint8Array): number => -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff;

export const ascii = (view: DataView, at: number, text: string): void => {
  for (let i = 0; i < text.length; i++) view.setUint8(at + i, text.charCodeAt(i));
};

/** A system description table with its header and checksum. @see ACPI 6.0, table 5-28 */
export const table = (
  signature: string,
  revision: number,
  bytes: number,
  fill: (view: DataView) => void,
): Uint8Array => {
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

/** The differentiated system description table: AML behind a header. */
export const dsdt = (aml: readonly number[]): Uint8Array =>
  table('DSDT', 2, HEADER_BYTES + aml.length, (view) => {
    for (const [i, byte] of aml.entries()) view.setUint8(HEADER_BYTES + i, byte);
  });

const AREA_IO = 1;
/** Access sizes of a generic address, by bytes. */
const accessSizes: Readonly<Record<number, number>> = {1: 1, 2: 2, 4: 3};

/** Generic address structure of an I/O register, `bytes` wide. @see ACPI 6.0, table 5-25 */
export const portRegister = (view: DataView, at: number, port: number, bytes = 1): void => {
  view.setUint8(at, AREA_IO);
  view.setUint8(at + 1, bytes * 8);
  view.setUint8(at + 3, accessSizes[bytes]);
  view.setUint32(at + 4, port, true);
};

/** One enabled processor with its local APIC. @see ACPI 6.0, 5.2.12.2 */
const PROCESSOR = [0, 8, 0, 0, 1, 0, 0, 0];

/** One processor; `entries` are those behind it. */
export const madt = (flags: number, entries: readonly number[] = []): Uint8Array => {
  const content = [...PROCESSOR, ...entries];
  return table('APIC', 2, MADT_ENTRIES + content.length, (view) => {
    view.setUint32(36, LOCAL_APIC_ADDRESS, true);
    view.setUint32(40, flags, true);
    for (const [i, byte] of content.entries()) view.setUint8(MADT_ENTRIES + i, byte);
  });
};

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

export interface Placer {
  /** Returns the table's physical address. */
  place(signature: string, bytes: Uint8Array): number;
}

/**
 * Tables from physical address `base` on, which is aligned to 64; the first is the RSDP. `placeAll` returns the addresses
 * of those that the XSDT lists.
 */
export const placeTables = (base: number, placeAll: (placer: Placer) => readonly number[]): AcpiTable[] => {
  const placed: AcpiTable[] = [];
  let next = base + ALIGNMENT;
  const placer: Placer = {
    place: (signature, bytes) => {
      const address = next;
      placed.push({signature, address, bytes});
      next = Math.ceil((address + bytes.length) / ALIGNMENT) * ALIGNMENT;
      return address;
    },
  };
  const xsdtAddress = placer.place('XSDT', xsdt(placeAll(placer)));
  return [{signature: 'RSD PTR ', address: base, bytes: rsdp(xsdtAddress)}, ...placed];
};
