/** Sense keys. @see SPC-4 */
export const NOT_READY = 0x2;
export const ILLEGAL_REQUEST = 0x5;
export const UNIT_ATTENTION = 0x6;
export const DATA_PROTECT = 0x7;
export const BLANK_CHECK = 0x8;

const names: readonly string[] = [
  'No Sense',
  'Recovered Error',
  'Not Ready',
  'Medium Error',
  'Hardware Error',
  'Illegal Request',
  'Unit Attention',
  'Data Protect',
  'Blank Check',
  'Vendor Specific',
  'Copy Aborted',
  'Aborted Command',
  'Reserved',
  'Volume Overflow',
  'Miscompare',
  'Completed',
];

export interface Sense {
  readonly key: number;
  readonly asc: number;
  readonly ascq: number;
  /** Of tapes. */
  readonly filemark: boolean;
  readonly endOfMedium: boolean;
  readonly illegalLength: boolean;
  /** Signed; of a tape what was asked for less what was done. */
  readonly information: number;
}

/** Decodes sense of both formats; undefined for what is neither. @see SPC-4, "Sense data" */
export const parseSense = (bytes: Uint8Array): Sense | undefined => {
  const format = bytes[0] & 0x7f;
  if (bytes.length >= 14 && (format === 0x70 || format === 0x71)) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    return {
      key: bytes[2] & 0x0f,
      asc: bytes[12],
      ascq: bytes[13],
      filemark: (bytes[2] & 0x80) !== 0,
      endOfMedium: (bytes[2] & 0x40) !== 0,
      illegalLength: (bytes[2] & 0x20) !== 0,
      information: (bytes[0] & 0x80) === 0 ? 0 : view.getInt32(3),
    };
  }
  if (bytes.length < 8 || (format !== 0x72 && format !== 0x73)) return undefined;
  const none = {filemark: false, endOfMedium: false, illegalLength: false, information: 0};
  return {key: bytes[1] & 0x0f, asc: bytes[2], ascq: bytes[3], ...none};
};

const hex = (value: number): string => value.toString(16).padStart(2, '0');

/** "Illegal Request, asc 21 ascq 00" */
export const describeSense = ({key, asc, ascq}: Sense): string => `${names[key]}, asc ${hex(asc)} ascq ${hex(ascq)}`;
