import {readU16, readU32, writeU32} from '../bytes.ts';
import {MAC_BYTES} from '../ethernet.ts';
import type {IpPacket} from '../ip.ts';
import {type Ipv6, readIpv6, writeIpv6} from './address.ts';

export const ROUTER_SOLICITATION = 133;
export const ROUTER_ADVERTISEMENT = 134;
export const NEIGHBOUR_SOLICITATION = 135;
export const NEIGHBOUR_ADVERTISEMENT = 136;

/** Of a neighbour advertisement, in the word behind the checksum. */
export const NA_SOLICITED = 0x40000000;
export const NA_OVERRIDE = 0x20000000;

const OPTION_SOURCE_MAC = 1;
const OPTION_TARGET_MAC = 2;
const OPTION_PREFIX = 3;
const OPTION_RDNSS = 25;
const OPTION_UNIT = 8;
const PREFIX_OPTION_BYTES = 32;
const HEADER_BYTES = 8;
const TARGET_AT = 8;
const NEIGHBOUR_BYTES = 24;
const ROUTER_ADVERTISEMENT_BYTES = 16;
const PREFIX_ON_LINK = 0x80;
const PREFIX_AUTONOMOUS = 0x40;

/** A network that a router tells of. Lifetimes in seconds; 0xffffffff has no end. */
export interface AdvertisedPrefix {
  network: Ipv6;
  length: number;
  onLink: boolean;
  autonomous: boolean;
  validSeconds: number;
}

/** The fields and options of any message of neighbour discovery that we know. */
export interface NdMessage {
  type: number;
  /** Of a neighbour advertisement. */
  flags: number;
  /** Of neighbour messages. */
  target: Ipv6 | undefined;
  /** The sender's, or in advertisements the target's. */
  mac: Uint8Array | undefined;
  /** Of a router advertisement: how long it is a default router; 0: it is none. */
  routerSeconds: number;
  prefixes: AdvertisedPrefix[];
  nameServers: Ipv6[];
}

const fixedBytes: Readonly<Record<number, number>> = {
  [ROUTER_SOLICITATION]: HEADER_BYTES,
  [ROUTER_ADVERTISEMENT]: ROUTER_ADVERTISEMENT_BYTES,
  [NEIGHBOUR_SOLICITATION]: NEIGHBOUR_BYTES,
  [NEIGHBOUR_ADVERTISEMENT]: NEIGHBOUR_BYTES,
};

/** Undefined for what is none of these, is cut short or has an option of length 0. @see RFC 4861, 4 */
export const decodeNd = ({frame, payloadAt, payloadEnd}: IpPacket): NdMessage | undefined => {
  const type = frame[payloadAt];
  const optionsAt = payloadAt + (fixedBytes[type] ?? Infinity);
  if (optionsAt > payloadEnd) return undefined;
  const isNeighbour = type === NEIGHBOUR_SOLICITATION || type === NEIGHBOUR_ADVERTISEMENT;
  const message: NdMessage = {
    type,
    flags: readU32(frame, payloadAt + 4),
    target: isNeighbour ? readIpv6(frame, payloadAt + TARGET_AT) : undefined,
    mac: undefined,
    routerSeconds: type === ROUTER_ADVERTISEMENT ? readU16(frame, payloadAt + 6) : 0,
    prefixes: [],
    nameServers: [],
  };
  for (let at = optionsAt; at + OPTION_UNIT <= payloadEnd;) {
    const bytes = frame[at + 1] * OPTION_UNIT;
    if (bytes === 0 || at + bytes > payloadEnd) return undefined;
    optionReaders[frame[at]]?.(message, frame, at, bytes);
    at += bytes;
  }
  return message;
};

type OptionReader = (message: NdMessage, frame: Uint8Array, at: number, bytes: number) => void;

const readMac: OptionReader = (message, frame, at) => {
  message.mac = frame.slice(at + 2, at + 2 + MAC_BYTES);
};

const optionReaders: Readonly<Record<number, OptionReader>> = {
  [OPTION_SOURCE_MAC]: readMac,
  [OPTION_TARGET_MAC]: readMac,
  [OPTION_PREFIX]: ({prefixes}, frame, at, bytes) => {
    if (bytes < PREFIX_OPTION_BYTES) return;
    prefixes.push({
      network: readIpv6(frame, at + 16),
      length: frame[at + 2],
      onLink: (frame[at + 3] & PREFIX_ON_LINK) !== 0,
      autonomous: (frame[at + 3] & PREFIX_AUTONOMOUS) !== 0,
      validSeconds: readU32(frame, at + 4),
    });
  },
  [OPTION_RDNSS]: ({nameServers}, frame, at, bytes) => {
    for (let i = 8; i + 16 <= bytes; i += 16) nameServers.push(readIpv6(frame, at + i));
  },
};

/** A solicitation or advertisement of ours, its checksum to be completed. `mac` is left out when undefined. */
export const encodeNd = (type: number, flags: number, target: Ipv6 | undefined, mac?: Uint8Array): Uint8Array => {
  const fixed = target === undefined ? HEADER_BYTES : NEIGHBOUR_BYTES;
  const payload = new Uint8Array(fixed + (mac === undefined ? 0 : OPTION_UNIT));
  payload[0] = type;
  writeU32(payload, 4, flags);
  if (target !== undefined) writeIpv6(payload, TARGET_AT, target);
  if (mac !== undefined) {
    payload[fixed] = type === NEIGHBOUR_ADVERTISEMENT ? OPTION_TARGET_MAC : OPTION_SOURCE_MAC;
    payload[fixed + 1] = 1;
    payload.set(mac, fixed + 2);
  }
  return payload;
};
