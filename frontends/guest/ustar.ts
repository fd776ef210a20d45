/**
 * The ustar format: blocks of 512 bytes, a header before each file's data, two blocks of zeroes at the end.
 * @see POSIX, pax, "ustar Interchange Format"
 */
export const BLOCK_BYTES = 512;
const NAME_BYTES = 100;
const PREFIX_BYTES = 155;
/** What eleven octal digits can say. */
const MAX_SIZE_BYTES = 8 ** 11 - 1;

const SIZE_AT = 124;
const MTIME_AT = 136;
const CHECKSUM_AT = 148;
const TYPE_AT = 156;
const PREFIX_AT = 345;
const NUMBER_BYTES = 12;
const CHECKSUM_BYTES = 8;

const REGULAR_FILE = '0';
/** Of archives that are older than ustar. */
const OLD_REGULAR_FILE = '\0';

export interface ArchiveEntry {
  /** Relative, without a leading slash. */
  readonly name: string;
  readonly sizeBytes: number;
  readonly mtimeSeconds: number;
  /** A file with data; what else there is has a name alone. */
  readonly isFile: boolean;
}

/** Why something cannot stand in an archive; undefined if it can. */
export const unfit = (name: string, sizeBytes: number): string | undefined => {
  if (new TextEncoder().encode(name).length > NAME_BYTES) return 'the name is too long';
  return sizeBytes > MAX_SIZE_BYTES ? 'too large for the format' : undefined;
};

const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`;

/** The header of a file that root alone may write. It has to fit. */
export const encodeHeader = (name: string, sizeBytes: number): Uint8Array => {
  const header = new Uint8Array(BLOCK_BYTES);
  const put = (at: number, text: string): void => header.set(new TextEncoder().encode(text), at);
  put(0, name);
  put(NAME_BYTES, octal(0o644, 7) + octal(0, 7) + octal(0, 7) + octal(sizeBytes, 11) + octal(0, 11));
  put(TYPE_AT, REGULAR_FILE);
  put(257, 'ustar\x0000root');
  put(297, 'root');
  put(CHECKSUM_AT, `${octal(checksumOf(header), 6)} `);
  return header;
};

/** Reads a header; undefined for the zeroes at the end, or the reason why it is none. */
export const parseHeader = (header: Uint8Array): ArchiveEntry | string | undefined => {
  if (header.every((byte) => byte === 0)) return undefined;
  const text = (at: number, length: number): string => {
    const bytes = header.subarray(at, at + length);
    const end = bytes.indexOf(0);
    return new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
  };
  const number = (at: number, length: number): number => {
    const digits = text(at, length).trim();
    return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number.NaN;
  };
  if (number(CHECKSUM_AT, CHECKSUM_BYTES) !== checksumOf(header)) return 'This does not look like a tar archive';
  const sizeBytes = number(SIZE_AT, NUMBER_BYTES);
  if (Number.isNaN(sizeBytes)) return 'a size that is no octal number';
  const prefix = text(257, 5) === 'ustar' ? text(PREFIX_AT, PREFIX_BYTES) : '';
  const type = String.fromCharCode(header[TYPE_AT]);
  return {
    name: `${prefix === '' ? '' : `${prefix}/`}${text(0, NAME_BYTES)}`,
    sizeBytes,
    mtimeSeconds: number(MTIME_AT, NUMBER_BYTES) || 0,
    isFile: type === REGULAR_FILE || type === OLD_REGULAR_FILE,
  };
};

/** Of all bytes, those of the checksum itself taken for blanks. */
const checksumOf = (header: Uint8Array): number =>
  header.reduce((sum, byte, at) => sum + (at >= CHECKSUM_AT && at < CHECKSUM_AT + CHECKSUM_BYTES ? 0x20 : byte), 0);
