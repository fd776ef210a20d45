import {readU16, readU32, writeU16, writeU32} from '../bytes.ts';
import type {IpPacket} from '../ip.ts';
import type {Sequence} from './sequence.ts';

export const FIN = 0x01;
export const SYN = 0x02;
export const RST = 0x04;
export const PSH = 0x08;
export const ACK = 0x10;

export const TCP_HEADER_BYTES = 20;
/** MSS, and window scale with one byte of padding. */
export const SYN_OPTION_BYTES = 8;
/** What a peer takes that does not say. @see RFC 9293, 3.7.1 */
const DEFAULT_MSS = 536;
const MAX_WINDOW_SHIFT = 14;

const OPTION_END = 0;
const OPTION_NOP = 1;
const OPTION_MSS = 2;
const OPTION_WINDOW_SCALE = 3;

const at = {
  sourcePort: 0,
  destinationPort: 2,
  sequence: 4,
  acknowledgment: 8,
  dataOffset: 12,
  flags: 13,
  window: 14,
  checksum: 16,
  urgentPointer: 18,
};
export const TCP_CHECKSUM_AT = at.checksum;

/** A segment inside the frame it came in. @see RFC 9293, 3.1 */
export interface Segment {
  sourcePort: number;
  destinationPort: number;
  sequence: Sequence;
  acknowledgment: Sequence;
  flags: number;
  /** As it stands there, not scaled. */
  window: number;
  /** The data are frame[dataAt, dataEnd). */
  frame: Uint8Array;
  dataAt: number;
  dataEnd: number;
  /** Options are from TCP_HEADER_BYTES behind it to dataAt. */
  headerAt: number;
}

/** Undefined for what is shorter than it says. The checksum is the caller's. */
export const decodeSegment = ({frame, payloadAt, payloadEnd}: IpPacket): Segment | undefined => {
  if (payloadEnd - payloadAt < TCP_HEADER_BYTES) return undefined;
  const dataAt = payloadAt + (frame[payloadAt + at.dataOffset] >>> 4) * 4;
  if (dataAt < payloadAt + TCP_HEADER_BYTES || dataAt > payloadEnd) return undefined;
  return {
    sourcePort: readU16(frame, payloadAt + at.sourcePort),
    destinationPort: readU16(frame, payloadAt + at.destinationPort),
    sequence: readU32(frame, payloadAt + at.sequence),
    acknowledgment: readU32(frame, payloadAt + at.acknowledgment),
    flags: frame[payloadAt + at.flags],
    window: readU16(frame, payloadAt + at.window),
    frame,
    dataAt,
    dataEnd: payloadEnd,
    headerAt: payloadAt,
  };
};

/** What a SYN tells. */
export interface SynOptions {
  mss: number;
  /** Undefined: windows are not scaled, in neither direction. */
  windowShift: number | undefined;
}

/** Reads the options of a SYN; what is malformed ends them. @see RFC 9293, 3.2; RFC 7323, 2.2 */
export const readSynOptions = ({frame, headerAt, dataAt}: Segment): SynOptions => {
  const options: SynOptions = {mss: DEFAULT_MSS, windowShift: undefined};
  for (let i = headerAt + TCP_HEADER_BYTES; i < dataAt && frame[i] !== OPTION_END;) {
    if (frame[i] === OPTION_NOP) {
      i++;
      continue;
    }
    const length = i + 1 < dataAt ? frame[i + 1] : 0;
    if (length < 2 || i + length > dataAt) break;
    if (frame[i] === OPTION_MSS && length === 4) options.mss = readU16(frame, i + 2);
    else if (frame[i] === OPTION_WINDOW_SCALE && length === 3) {
      options.windowShift = Math.min(frame[i + 2], MAX_WINDOW_SHIFT);
    }
    i += length;
  }
  return options;
};

/** Writes the options of a SYN of ours: SYN_OPTION_BYTES, or the MSS alone. Returns their length. */
export const writeSynOptions = (frame: Uint8Array, i: number, {mss, windowShift}: SynOptions): number => {
  frame[i] = OPTION_MSS;
  frame[i + 1] = 4;
  writeU16(frame, i + 2, mss);
  if (windowShift === undefined) return 4;
  frame[i + 4] = OPTION_NOP;
  frame[i + 5] = OPTION_WINDOW_SCALE;
  frame[i + 6] = 3;
  frame[i + 7] = windowShift;
  return SYN_OPTION_BYTES;
};

export interface SegmentHeader {
  sourcePort: number;
  destinationPort: number;
  sequence: Sequence;
  acknowledgment: Sequence;
  flags: number;
  window: number;
}

/** Writes a header of `headerBytes` with its options in place, its checksum 0. */
export const writeSegmentHeader = (frame: Uint8Array, i: number, header: SegmentHeader, headerBytes: number): void => {
  writeU16(frame, i + at.sourcePort, header.sourcePort);
  writeU16(frame, i + at.destinationPort, header.destinationPort);
  writeU32(frame, i + at.sequence, header.sequence);
  writeU32(frame, i + at.acknowledgment, header.acknowledgment);
  frame[i + at.dataOffset] = (headerBytes / 4) << 4;
  frame[i + at.flags] = header.flags;
  writeU16(frame, i + at.window, header.window);
  writeU16(frame, i + at.checksum, 0);
  writeU16(frame, i + at.urgentPointer, 0);
};
