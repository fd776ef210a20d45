/**
 * Writes captures in the pcapng format, little-endian, with stamps in nanoseconds. Each function returns one block.
 * @see IETF draft-ietf-opsawg-pcapng
 */

const SECTION_HEADER_BLOCK = 0x0a0d0d0a;
const INTERFACE_DESCRIPTION_BLOCK = 1;
const INTERFACE_STATISTICS_BLOCK = 5;
const ENHANCED_PACKET_BLOCK = 6;

const BYTE_ORDER_MAGIC = 0x1a2b3c4d;
/** "Section Length": -1 is unknown. */
const UNKNOWN_LENGTH = 0xffffffff;
const LINKTYPE_ETHERNET = 1;

const OPT_COMMENT = 1;
const SHB_USERAPPL = 4;
const IF_NAME = 2;
const IF_DESCRIPTION = 3;
const IF_TSRESOL = 9;
const IF_TSOFFSET = 14;
const EPB_FLAGS = 2;
const ISB_IFRECV = 4;
const ISB_IFDROP = 5;

/** Decimal digits of a second in a stamp. */
const NANOSECONDS = 9;
/** Bits 0 and 1 of epb_flags. */
const DIRECTION = {rx: 1, tx: 2};

const WORD = 2 ** 32;

type Option = readonly [code: number, value: Uint8Array];

const words = (...values: readonly number[]): Buffer => Buffer.from(Uint32Array.from(values).buffer);
/** 64 bits, the low word first; up to 2^53. */
const u64 = (value: number): Buffer => words(value % WORD, Math.floor(value / WORD));
/** A stamp has its high word first, whatever the byte order. */
const stamp = (timeNs: number): Buffer => words(Math.floor(timeNs / WORD), Math.floor(timeNs) % WORD);
const text = (value: string): Buffer => Buffer.from(value);

const padding = (length: number): Buffer => Buffer.alloc(-length & 3);

const encodeOptions = (options: readonly Option[]): Buffer[] => {
  const encoded = options.flatMap(([code, value]) => [
    words((code | (value.length << 16)) >>> 0),
    value,
    padding(value.length),
  ]);
  // opt_endofopt
  return [...encoded, words(0)] as Buffer[];
};

const block = (type: number, body: readonly Uint8Array[], options: readonly Option[]): Buffer => {
  const content = Buffer.concat([...body, ...encodeOptions(options)]);
  const length = words(content.length + 12);
  return Buffer.concat([words(type), length, content, length]);
};

/** Begins a capture. */
export const sectionHeader = (application: string): Buffer =>
  block(
    SECTION_HEADER_BLOCK,
    [words(BYTE_ORDER_MAGIC, 1, UNKNOWN_LENGTH, UNKNOWN_LENGTH)],
    [[SHB_USERAPPL, text(application)]],
  );

export interface CaptureInterface {
  name: string;
  description: string;
  /** What stamps count from, whole seconds since 1970. */
  epochSeconds: number;
}

/** Describes an interface; the first one of a capture has id 0. */
export const interfaceDescription = ({name, description, epochSeconds}: CaptureInterface): Buffer =>
  block(
    INTERFACE_DESCRIPTION_BLOCK,
    [words(LINKTYPE_ETHERNET, 0)],
    [
      [IF_NAME, text(name)],
      [IF_DESCRIPTION, text(description)],
      [IF_TSRESOL, Uint8Array.of(NANOSECONDS)],
      [IF_TSOFFSET, u64(epochSeconds)],
    ],
  );

export interface CapturedPacket {
  interfaceId: number;
  /** Since the interface's epochSeconds. */
  timeNs: number;
  /** As the guest sees it: tx is outbound. */
  direction: 'tx' | 'rx';
  bytes: Uint8Array;
  comment: string;
}

export const enhancedPacket = ({interfaceId, timeNs, direction, bytes, comment}: CapturedPacket): Buffer =>
  block(
    ENHANCED_PACKET_BLOCK,
    [words(interfaceId), stamp(timeNs), words(bytes.length, bytes.length), bytes, padding(bytes.length)],
    [
      [OPT_COMMENT, text(comment)],
      [EPB_FLAGS, words(DIRECTION[direction])],
    ],
  );

export interface CaptureStatistics {
  interfaceId: number;
  timeNs: number;
  /** Packets that came past, those dropped among them. */
  received: number;
  /** Packets that the reader was too slow for. */
  dropped: number;
}

/** Ends an interface's part of a capture. */
export const interfaceStatistics = ({interfaceId, timeNs, received, dropped}: CaptureStatistics): Buffer =>
  block(
    INTERFACE_STATISTICS_BLOCK,
    [words(interfaceId), stamp(timeNs)],
    [
      [ISB_IFRECV, u64(received)],
      [ISB_IFDROP, u64(dropped)],
    ],
  );
