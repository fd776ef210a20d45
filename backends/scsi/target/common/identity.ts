import {asciiBytes, concat, put16, putText} from '../bytes.ts';

/** Peripheral device types. @see SPC-4, "PERIPHERAL DEVICE TYPE field" */
export const DISK_TYPE = 0x00;
export const TAPE_TYPE = 0x01;
export const CDROM_TYPE = 0x05;
export const CHANGER_TYPE = 0x08;

/** What a unit says of itself. */
export interface UnitIdentity {
  readonly deviceType: number;
  readonly removable: boolean;
  /** Up to 8 characters of ASCII. */
  readonly vendor: string;
  /** Up to 16. */
  readonly product: string;
  /** Up to 4. */
  readonly revision: string;
  /** Up to 32; no two units of a host have the same. */
  readonly serial: string;
  /** Standards beside SAM-5 and SPC-4: version descriptors. */
  readonly standards: readonly number[];
}

const SAM_5 = 0x00a0;
const SPC_4 = 0x0460;
const SPC_4_VERSION = 0x06;
const STANDARD_INQUIRY_BYTES = 96;
const VERSION_DESCRIPTORS_AT = 58;

/** @see SPC-4, "Standard INQUIRY data" */
export const standardInquiry = (identity: UnitIdentity): Uint8Array => {
  const bytes = new Uint8Array(STANDARD_INQUIRY_BYTES);
  bytes[0] = identity.deviceType;
  bytes[1] = identity.removable ? 0x80 : 0;
  bytes[2] = SPC_4_VERSION;
  bytes[3] = 0x10 | 0x02; // HISUP; the response data format of SPC.
  bytes[4] = STANDARD_INQUIRY_BYTES - 5;
  bytes[7] = 0x02; // CMDQUE
  putText(bytes, 8, 8, identity.vendor);
  putText(bytes, 16, 16, identity.product);
  putText(bytes, 32, 4, identity.revision);
  [SAM_5, SPC_4, ...identity.standards].forEach((standard, index) => {
    put16(bytes, VERSION_DESCRIPTORS_AT + 2 * index, standard);
  });
  return bytes;
};

/** What is returned for a LUN where there is no unit: neither is there one, nor could there be. */
export const noUnitInquiry = (): Uint8Array =>
  standardInquiry({
    deviceType: 0x7f,
    removable: false,
    vendor: 'PVSIM',
    product: '',
    revision: '',
    serial: '',
    standards: [],
  });

const FNV_PRIME = 0x100_0000_01b3n;
const FNV_BASIS = 0xcbf2_9ce4_8422_2325n;

/** A number from a name: FNV-1a of 64 bits. */
const hash64 = (text: string): bigint => {
  let hash = FNV_BASIS;
  for (const byte of asciiBytes(text)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * FNV_PRIME);
  return hash;
};

const NAA_LOCALLY_ASSIGNED = 0x3n;

const designator = (codeSet: number, type: number, value: Uint8Array): Uint8Array =>
  concat([Uint8Array.of(codeSet, type, 0, value.length), value]);

/** Names of the unit: an NAA number, and vendor, product and serial number as text. @see SPC-4, "Device Identification VPD page" */
export const deviceIdentification = ({vendor, product, serial}: UnitIdentity): Uint8Array => {
  const naa = new Uint8Array(8);
  const number = BigInt.asUintN(60, hash64(`${vendor} ${product} ${serial}`)) | (NAA_LOCALLY_ASSIGNED << 60n);
  new DataView(naa.buffer).setBigUint64(0, number);
  const text = asciiBytes(`${vendor.padEnd(8)}${product.padEnd(16)}${serial}`);
  const relativePort = Uint8Array.of(0, 0, 0, 1);
  return concat([designator(0x01, 0x03, naa), designator(0x02, 0x01, text), designator(0x01, 0x14, relativePort)]);
};
