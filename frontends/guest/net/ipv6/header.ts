import {readU16, writeU16} from '../bytes.ts';
import {ETHERNET_HEADER_BYTES} from '../ethernet.ts';
import type {IpHeader, IpPacket} from '../ip.ts';
import {type Ipv6, isMulticast6, readIpv6, writeIpv6} from './address.ts';

const HEADER_BYTES = 40;
/** Where the payload of a packet that we make begins in its frame. */
export const IPV6_PAYLOAD_AT = ETHERNET_HEADER_BYTES + HEADER_BYTES;
/** Every link carries so much. @see RFC 8200, 5 */
export const IPV6_MIN_MTU = 1280;

const START = ETHERNET_HEADER_BYTES;
const at = {
  version: START,
  payloadLength: START + 4,
  nextHeader: START + 6,
  hopLimit: START + 7,
  source: START + 8,
  destination: START + 24,
};

const HOP_BY_HOP = 0;
const ROUTING = 43;
const FRAGMENT = 44;
const DESTINATION_OPTIONS = 60;
/** Extension headers that we pass over; their second byte counts 8 bytes beyond the first. */
const passable: ReadonlySet<number> = new Set([HOP_BY_HOP, ROUTING, DESTINATION_OPTIONS]);
const MAX_EXTENSIONS = 8;
/** Where a routing header says how many hops are left. */
const SEGMENTS_LEFT = 3;

/** Why a packet was dropped, as counters name it. */
export type Ipv6Fault = 'inHdrErrors' | 'inFragments';

/** Checks and reads the headers of a frame of at least 14 bytes. @see RFC 8200 */
export const decodeIpv6 = (frame: Uint8Array): IpPacket<Ipv6> | Ipv6Fault => {
  if (frame.length < IPV6_PAYLOAD_AT || frame[at.version] >>> 4 !== 6) return 'inHdrErrors';
  const payloadEnd = IPV6_PAYLOAD_AT + readU16(frame, at.payloadLength);
  const source = readIpv6(frame, at.source);
  if (payloadEnd > frame.length || isMulticast6(source)) return 'inHdrErrors';
  let protocol = frame[at.nextHeader];
  let payloadAt = IPV6_PAYLOAD_AT;
  for (let count = 0; passable.has(protocol); count++) {
    if (payloadAt + 8 > payloadEnd || count === MAX_EXTENSIONS) return 'inHdrErrors';
    // We are no stop on anybody's way. @see RFC 5095
    if (protocol === ROUTING && frame[payloadAt + SEGMENTS_LEFT] !== 0) return 'inHdrErrors';
    protocol = frame[payloadAt];
    payloadAt += 8 + frame[payloadAt + 1] * 8;
  }
  if (payloadAt > payloadEnd) return 'inHdrErrors';
  if (protocol === FRAGMENT) return 'inFragments';
  const destination = readIpv6(frame, at.destination);
  return {frame, payloadAt, payloadEnd, protocol, ttl: frame[at.hopLimit], source, destination};
};

/** Fills in the header of a frame whose payload stands from IPV6_PAYLOAD_AT to its end. */
export const writeIpv6Header = (frame: Uint8Array, header: IpHeader<Ipv6>): void => {
  frame.fill(0, at.version, at.payloadLength);
  frame[at.version] = 0x60;
  writeU16(frame, at.payloadLength, frame.length - IPV6_PAYLOAD_AT);
  frame[at.nextHeader] = header.protocol;
  frame[at.hopLimit] = header.ttl;
  writeIpv6(frame, at.source, header.source);
  writeIpv6(frame, at.destination, header.destination);
};

/** One hop less to go, in the frame of a packet that is passed on. */
export const decrementHopLimit = (frame: Uint8Array): void => {
  frame[at.hopLimit]--;
};
