import type {Ipv4} from './address.ts';
import {readU16, readU32, writeU16, writeU32} from './bytes.ts';
import {internetChecksum} from './checksum.ts';
import {ETHERNET_HEADER_BYTES} from './ethernet.ts';
import type {IpHeader, IpPacket} from './ip.ts';

export const IPV4_HEADER_BYTES = 20;
/** Where the payload of a packet that we make begins in its frame. */
export const IPV4_PAYLOAD_AT = ETHERNET_HEADER_BYTES + IPV4_HEADER_BYTES;

const START = ETHERNET_HEADER_BYTES;
const at = {
  versionAndLength: START,
  totalLength: START + 2,
  identification: START + 4,
  fragment: START + 6,
  ttl: START + 8,
  protocol: START + 9,
  checksum: START + 10,
  source: START + 12,
  destination: START + 16,
};
const DONT_FRAGMENT = 0x4000;
/** More-fragments flag and offset: any of it set means a part of a packet. */
const FRAGMENT_BITS = 0x3fff;

/** Why a packet was dropped, as counters name it. */
export type Ipv4Fault = 'inHdrErrors' | 'inFragments';

/** Checks and reads the header of a frame of at least 14 bytes. @see RFC 791 */
export const decodeIpv4 = (frame: Uint8Array): IpPacket<Ipv4> | Ipv4Fault => {
  if (frame.length < IPV4_PAYLOAD_AT) return 'inHdrErrors';
  const headerBytes = (frame[at.versionAndLength] & 15) * 4;
  const totalLength = readU16(frame, at.totalLength);
  const isWhole =
    frame[at.versionAndLength] >>> 4 === 4 &&
    headerBytes >= IPV4_HEADER_BYTES &&
    totalLength >= headerBytes &&
    START + totalLength <= frame.length;
  if (!isWhole || internetChecksum(frame, START, START + headerBytes) !== 0) return 'inHdrErrors';
  if ((readU16(frame, at.fragment) & FRAGMENT_BITS) !== 0) return 'inFragments';
  return {
    frame,
    payloadAt: START + headerBytes,
    payloadEnd: START + totalLength,
    protocol: frame[at.protocol],
    ttl: frame[at.ttl],
    source: readU32(frame, at.source),
    destination: readU32(frame, at.destination),
  };
};

/** Fills in the header of a frame whose payload stands from IPV4_PAYLOAD_AT to its end. */
export const writeIpv4Header = (frame: Uint8Array, header: IpHeader<Ipv4>, identification: number): void => {
  frame[at.versionAndLength] = 0x45;
  frame[at.versionAndLength + 1] = 0;
  writeU16(frame, at.totalLength, frame.length - START);
  writeU16(frame, at.identification, identification & 0xffff);
  writeU16(frame, at.fragment, DONT_FRAGMENT);
  frame[at.ttl] = header.ttl;
  frame[at.protocol] = header.protocol;
  writeU16(frame, at.checksum, 0);
  writeU32(frame, at.source, header.source);
  writeU32(frame, at.destination, header.destination);
  writeU16(frame, at.checksum, internetChecksum(frame, START, IPV4_PAYLOAD_AT));
};

/** One hop less to go, in the frame of a packet that is passed on. */
export const decrementTtl = (frame: Uint8Array): void => {
  frame[at.ttl]--;
  writeU16(frame, at.checksum, 0);
  writeU16(frame, at.checksum, internetChecksum(frame, START, START + (frame[at.versionAndLength] & 15) * 4));
};
