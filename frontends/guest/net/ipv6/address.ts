import {readU16, writeU16} from '../bytes.ts';

/** An IPv6 address: its eight words as the code units of a string, so that === compares and a Map finds it. */
export type Ipv6 = string;

const WORDS = 8;
const WORD_BYTES = 2;

const fromWords = (words: readonly number[]): Ipv6 => String.fromCharCode(...words);
const wordsOf = (address: Ipv6): number[] => Array.from({length: WORDS}, (_, i) => address.charCodeAt(i));

export const readIpv6 = (bytes: Uint8Array, at: number): Ipv6 =>
  String.fromCharCode(
    readU16(bytes, at),
    readU16(bytes, at + 2),
    readU16(bytes, at + 4),
    readU16(bytes, at + 6),
    readU16(bytes, at + 8),
    readU16(bytes, at + 10),
    readU16(bytes, at + 12),
    readU16(bytes, at + 14),
  );

export const writeIpv6 = (bytes: Uint8Array, at: number, address: Ipv6): void => {
  for (let i = 0; i < WORDS; i++) writeU16(bytes, at + i * WORD_BYTES, address.charCodeAt(i));
};

/** The words between colons; undefined when one is none. */
const parseWords = (text: string): number[] | undefined => {
  if (text === '') return [];
  const parts = text.split(':');
  return parts.every((part) => /^[\da-f]{1,4}$/i.test(part))
    ? parts.map((part) => Number.parseInt(part, 16))
    : undefined;
};

/** Words in hexadecimal, "::" for a run of zeros; undefined for anything else. @see RFC 4291, 2.2 */
export const parseIpv6 = (text: string): Ipv6 | undefined => {
  const [head, tail, ...rest] = text.split('::').map(parseWords);
  if (head === undefined || rest.length > 0) return undefined;
  if (!text.includes('::')) return head.length === WORDS ? fromWords(head) : undefined;
  if (tail === undefined || head.length + tail.length >= WORDS) return undefined;
  const zeros = Array.from({length: WORDS - head.length - tail.length}, () => 0);
  return fromWords([...head, ...zeros, ...tail]);
};

/** The longest run of zeros, two at least, the first of several, is left out. @see RFC 5952, 4 */
export const formatIpv6 = (address: Ipv6): string => {
  const words = wordsOf(address);
  let best = {from: 0, length: 1};
  for (let from = 0; from < WORDS; from++) {
    let to = from;
    while (to < WORDS && words[to] === 0) to++;
    if (to - from > best.length) best = {from, length: to - from};
  }
  const hex = (part: readonly number[]): string => part.map((word) => word.toString(16)).join(':');
  if (best.length < 2) return hex(words);
  return `${hex(words.slice(0, best.from))}::${hex(words.slice(best.from + best.length))}`;
};

export const UNSPECIFIED6 = fromWords([0, 0, 0, 0, 0, 0, 0, 0]);
export const LOOPBACK6 = fromWords([0, 0, 0, 0, 0, 0, 0, 1]);
export const ALL_NODES = fromWords([0xff02, 0, 0, 0, 0, 0, 0, 1]);
export const ALL_ROUTERS = fromWords([0xff02, 0, 0, 0, 0, 0, 0, 2]);
const LINK_LOCAL = fromWords([0xfe80, 0, 0, 0, 0, 0, 0, 0]);

export const isMulticast6 = (address: Ipv6): boolean => address.charCodeAt(0) >>> 8 === 0xff;
export const isLinkLocal = (address: Ipv6): boolean => (address.charCodeAt(0) & 0xffc0) === 0xfe80;

/** The first `prefix` bits of one address and the others of another. */
export const joinIpv6 = (network: Ipv6, prefix: number, host: Ipv6): Ipv6 =>
  fromWords(
    wordsOf(network).map((word, i) => {
      const bits = Math.min(Math.max(prefix - i * 16, 0), 16);
      const mask = (0xffff << (16 - bits)) & 0xffff;
      return (word & mask) | (host.charCodeAt(i) & ~mask);
    }),
  );

export const isSamePrefix = (a: Ipv6, b: Ipv6, prefix: number): boolean => {
  for (let i = 0, left = prefix; left > 0; i++, left -= 16) {
    const difference = a.charCodeAt(i) ^ b.charCodeAt(i);
    if (difference >>> Math.max(16 - left, 0) !== 0) return false;
  }
  return true;
};

/** An Ethernet interface's address in a network of 64 bits: the MAC address as modified EUI-64. @see RFC 4291, Appendix A */
export const addressInNetwork = (network: Ipv6, mac: Uint8Array): Ipv6 => {
  const words = wordsOf(network);
  words[4] = readU16(mac, 0) ^ 0x0200;
  words[5] = (mac[2] << 8) | 0xff;
  words[6] = 0xfe00 | mac[3];
  words[7] = readU16(mac, 4);
  return fromWords(words);
};

export const linkLocalOf = (mac: Uint8Array): Ipv6 => addressInNetwork(LINK_LOCAL, mac);

/** The group in which neighbours ask for an address. @see RFC 4291, 2.7.1 */
export const solicitedNode = (address: Ipv6): Ipv6 =>
  fromWords([0xff02, 0, 0, 0, 0, 1, 0xff00 | (address.charCodeAt(6) & 0xff), address.charCodeAt(7)]);

/** @see RFC 2464, 7 */
export const multicastMac = (group: Ipv6): Uint8Array => {
  const mac = Uint8Array.of(0x33, 0x33, 0, 0, 0, 0);
  writeU16(mac, 2, group.charCodeAt(6));
  writeU16(mac, 4, group.charCodeAt(7));
  return mac;
};
