import {getBe16, internetChecksum, putBe16} from '../../network/index.ts';
import type {ChecksumPlace, OffloadContext} from './offload-context.ts';

const IPV4_LENGTH = 2;
const IPV4_ID = 4;
const IPV6_LENGTH = 4;
const IPV6_HLEN = 40;
const TCP_SEQUENCE = 4;
const TCP_FLAGS = 13;
const TCP_FIN_PSH = 0x09;
const UDP_LENGTH = 4;

/** Less than what any TCP has to take: it would only make work. @see RFC 9293; Linux, TCP_MIN_MSS */
const MIN_MSS = 48;

/** Which checksums are to be put into frames. */
export interface ChecksumsWanted {
  readonly ip: boolean;
  readonly transport: boolean;
}

/** Puts a checksum where it belongs, if that is in the frame; what is there before counts, as a pseudo header's sum does. */
export const insertChecksum = (frame: Uint8Array, length: number, {from, at, last}: ChecksumPlace): void => {
  const end = last > 0 && last < length ? last + 1 : length;
  if (at + 2 > length || from >= end) return;
  const sum = internetChecksum(frame, from, end - from);
  // UDP has 0 for "none".
  putBe16(frame, at, sum === 0 ? 0xffff : sum);
};

export const insertChecksums = (
  frame: Uint8Array,
  length: number,
  context: OffloadContext,
  wanted: ChecksumsWanted,
): void => {
  if (wanted.transport) insertChecksum(frame, length, context.transport);
  if (wanted.ip) insertChecksum(frame, length, context.ip);
};

/** Whether `cutSegments` can do what the context says with a frame of that length. */
export const canCut = ({headerBytes, mss, ip, transport}: OffloadContext, length: number): boolean => {
  const isInHeader = ip.from < headerBytes && transport.from < headerBytes && transport.at + 2 <= headerBytes;
  return mss >= MIN_MSS && isInHeader && headerBytes < length;
};

/**
 * Cuts a frame into segments of `mss` bytes of data behind its header, each in `segment`, and hands them on.
 * @see SDM, "TCP Segmentation"
 */
export const cutSegments = (
  whole: Uint8Array,
  context: OffloadContext,
  wanted: ChecksumsWanted,
  segment: Uint8Array,
  take: (length: number) => void,
): void => {
  const {headerBytes, mss} = context;
  for (let from = headerBytes, count = 0; from < whole.length; from += mss, count++) {
    const to = Math.min(from + mss, whole.length);
    const length = headerBytes + to - from;
    segment.set(whole.subarray(0, headerBytes));
    segment.set(whole.subarray(from, to), headerBytes);
    setIpHeader(segment, length, context, count);
    setTransportHeader(segment, length, context, from - headerBytes, to === whole.length);
    if (wanted.transport) completePseudoHeader(segment, length, context);
    insertChecksums(segment, length, context, wanted);
    take(length);
  }
};

const setIpHeader = (frame: Uint8Array, length: number, {ip, isIpv4}: OffloadContext, count: number): void => {
  const at = ip.from;
  if (!isIpv4) return putBe16(frame, at + IPV6_LENGTH, length - at - IPV6_HLEN);
  putBe16(frame, at + IPV4_LENGTH, length - at);
  putBe16(frame, at + IPV4_ID, getBe16(frame, at + IPV4_ID) + count);
};

const setTransportHeader = (
  frame: Uint8Array,
  length: number,
  {transport, isTcp}: OffloadContext,
  sentBytes: number,
  isLast: boolean,
): void => {
  if (isTcp) {
    addToSequence(frame, transport.from + TCP_SEQUENCE, sentBytes);
    if (!isLast) frame[transport.from + TCP_FLAGS] &= ~TCP_FIN_PSH;
  } else putBe16(frame, transport.from + UDP_LENGTH, length - transport.from);
};

/** The driver left the length out of the pseudo header's sum. */
const completePseudoHeader = (frame: Uint8Array, length: number, {transport}: OffloadContext): void => {
  const sum = getBe16(frame, transport.at) + length - transport.from;
  putBe16(frame, transport.at, (sum & 0xffff) + (sum >>> 16));
};

const addToSequence = (frame: Uint8Array, at: number, bytes: number): void => {
  const low = getBe16(frame, at + 2) + bytes;
  putBe16(frame, at + 2, low);
  putBe16(frame, at, getBe16(frame, at) + (low >>> 16));
};
