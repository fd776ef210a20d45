/** The footer and the header of VHD images. @see Microsoft's "Virtual Hard Disk Image Format Specification" 1.0 */

export const FOOTER_BYTES = 512;
const HEADER_BYTES = 1024;
export const SECTOR_BYTES = 512;
const COOKIE = 'conectix';
const HEADER_COOKIE = 'cxsparse';
export const BAT_UNUSED = 0xffff_ffff;

const FIXED = 2;
const DYNAMIC = 3;
const DIFFERENCING = 4;
const typeNames: Readonly<Record<number, VhdFooter['type'] | undefined>> = {
  [FIXED]: 'fixed',
  [DYNAMIC]: 'dynamic',
  [DIFFERENCING]: 'differencing',
};

/** The largest geometry: 65535 cylinders, 16 heads, 255 sectors; of larger disks it says nothing. */
const MAX_CHS_SECTORS = 65535 * 16 * 255;
/** Programs whose disks are as large as the footer says; of all others, as large as the geometry says. As QEMU has it. */
const EXACT_CREATORS: ReadonlySet<string> = new Set(['win ', 'qem2', 'd2v ', 'tap\0', 'wa\0\0']);
/** QEMU's limit, 2 TiB less a little. */
const MAX_SIZE_BYTES = 65535 * 255 * 255 * SECTOR_BYTES;
const MAX_BAT_ENTRIES = 2 ** 24;

const PARENT_NAME = 64;
const PARENT_NAME_BYTES = 512;
const LOCATORS = 576;
const LOCATOR_BYTES = 24;
const LOCATOR_COUNT = 8;

export interface VhdFooter {
  readonly type: 'fixed' | 'dynamic' | 'differencing';
  /** Of the disk that guests see. */
  readonly sizeBytes: number;
  /** Where the header of a dynamic or differencing disk is. */
  readonly headerOffset: number;
  /** As hexadecimal digits. */
  readonly uuid: string;
  /** As it stands in the file. */
  readonly bytes: Buffer;
}

export interface ParentLocator {
  /** "W2ru", "W2ku", "MacX" */
  readonly platform: string;
  readonly offset: number;
  readonly length: number;
}

export interface VhdHeader {
  readonly batOffset: number;
  readonly batEntries: number;
  readonly blockBytes: number;
  readonly parentUuid: string;
  readonly parentName: string;
  readonly parentLocators: readonly ParentLocator[];
}

/** What is wrong with an image; its name is put before it. */
export class VhdFault extends Error {}

const refuse = (reason: string): never => {
  throw new VhdFault(reason);
};

/** One's complement of the sum of all bytes but the checksum's own. */
const checksum = (bytes: Buffer, checksumAt: number): number => {
  let sum = 0;
  for (let i = 0; i < bytes.length; i++) if (i < checksumAt || i >= checksumAt + 4) sum += bytes[i];
  return ~sum >>> 0;
};

export const isFooter = (bytes: Buffer): boolean =>
  bytes.length === FOOTER_BYTES && bytes.toString('latin1', 0, 8) === COOKIE;

/** `at` is where it was found. @throws VhdFault */
export const parseFooter = (bytes: Buffer, at: number): VhdFooter => {
  if (!isFooter(bytes)) refuse('not a VHD image: no footer at its end, and no copy at its start');
  const sum = bytes.readUInt32BE(64);
  if (sum !== checksum(bytes, 64)) refuse(`the checksum of the footer at ${at} is wrong: ${hex(sum)}`);
  const type = typeNames[bytes.readUInt32BE(60)];
  if (type === undefined) return refuse(`disk type ${bytes.readUInt32BE(60)} in the footer at ${at}`);
  const sizeBytes = sizeOf(bytes);
  if (sizeBytes === 0 || sizeBytes > MAX_SIZE_BYTES) refuse(`a disk of ${sizeBytes} bytes in the footer at ${at}`);
  return {type, sizeBytes, headerOffset: u64(bytes, 16), uuid: bytes.toString('hex', 68, 84), bytes};
};

/**
 * Virtual PC, and so QEMU, sees as many sectors as the geometry has, which are fewer than the size in the footer says;
 * Hyper-V sees the latter.
 */
const sizeOf = (bytes: Buffer): number => {
  const sectors = bytes.readUInt16BE(56) * bytes[58] * bytes[59];
  const exact = EXACT_CREATORS.has(bytes.toString('latin1', 28, 32)) || sectors === MAX_CHS_SECTORS;
  const current = u64(bytes, 48);
  return exact ? current - (current % SECTOR_BYTES) : sectors * SECTOR_BYTES;
};

/** @throws VhdFault */
export const parseDynamicHeader = (bytes: Buffer, footer: VhdFooter, fileBytes: number): VhdHeader => {
  const at = footer.headerOffset;
  if (bytes.toString('latin1', 0, 8) !== HEADER_COOKIE) refuse(`no header (cxsparse) at byte ${at}`);
  const sum = bytes.readUInt32BE(36);
  if (sum !== checksum(bytes, 36)) refuse(`the checksum of the header at ${at} is wrong: ${hex(sum)}`);
  const header: VhdHeader = {
    batOffset: u64(bytes, 16),
    batEntries: bytes.readUInt32BE(28),
    blockBytes: bytes.readUInt32BE(32),
    parentUuid: bytes.toString('hex', 40, 56),
    parentName: utf16be(bytes.subarray(PARENT_NAME, PARENT_NAME + PARENT_NAME_BYTES)),
    parentLocators: readLocators(bytes),
  };
  const {batEntries, batOffset, blockBytes} = header;
  const isPower = blockBytes >= SECTOR_BYTES && Number.isInteger(Math.log2(blockBytes));
  if (!isPower) refuse(`a block size of ${blockBytes} in the header at ${at}`);
  if (batEntries > MAX_BAT_ENTRIES) refuse(`a block allocation table of ${batEntries} entries`);
  if (batEntries * blockBytes < footer.sizeBytes) {
    refuse(`${batEntries} blocks of ${blockBytes} bytes are less than the disk of ${footer.sizeBytes}`);
  }
  if (batOffset % SECTOR_BYTES !== 0) refuse(`the block allocation table is at ${batOffset}, which begins no sector`);
  if (batOffset + batEntries * 4 > fileBytes) {
    refuse(`truncated: the block allocation table ends at ${batOffset + batEntries * 4}, the file at ${fileBytes}`);
  }
  return header;
};

export const HEADER_LENGTH = HEADER_BYTES;

const readLocators = (bytes: Buffer): ParentLocator[] => {
  const locators: ParentLocator[] = [];
  for (let i = 0; i < LOCATOR_COUNT; i++) {
    const at = LOCATORS + i * LOCATOR_BYTES;
    const platform = bytes.toString('latin1', at, at + 4);
    if (bytes.readUInt32BE(at) === 0) continue;
    locators.push({platform, length: bytes.readUInt32BE(at + 8), offset: u64(bytes, at + 16)});
  }
  return locators;
};

const utf16be = (bytes: Buffer): string => Buffer.from(bytes).swap16().toString('utf16le').replace(/\0.*$/s, '');

const u64 = (bytes: Buffer, at: number): number => bytes.readUInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);

const hex = (value: number): string => `0x${value.toString(16)}`;
