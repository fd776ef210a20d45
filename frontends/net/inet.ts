const ETH_HLEN = 14;
const ETH_ALEN = 6;
const VLAN_LEN = 4;
const TYPE_VLAN = 0x8100;
const TYPE_IPV4 = 0x0800;
const TYPE_IPV6 = 0x86dd;
const IPV4_HLEN = 20;
const IPV6_HLEN = 40;
const FRAGMENT = 0x3fff;
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;
const MIX = 0x9e3779b1;

/** Where a transport keeps its checksum, from its own header on. */
const checksumAt: Readonly<Record<number, number>> = {[IPPROTO_TCP]: 16, [IPPROTO_UDP]: 6};

/** A frame of TCP or UDP taken apart: byte offsets. */
export interface Transport {
  readonly isIpv6: boolean;
  readonly isTcp: boolean;
  readonly addresses: number;
  readonly addressBytes: number;
  readonly header: number;
  readonly end: number;
  readonly checksum: number;
}

/** Undefined when the frame is no whole packet of TCP or UDP over IPv4, or over IPv6 without extension headers. */
export const findTransport = (frame: Uint8Array): Transport | undefined => {
  const isTagged = frame.length > ETH_HLEN + VLAN_LEN && be16(frame, ETH_HLEN - 2) === TYPE_VLAN;
  const ip = ETH_HLEN + (isTagged ? VLAN_LEN : 0);
  const type = ip + IPV4_HLEN <= frame.length ? be16(frame, ip - 2) : 0;
  const isIpv6 = type === TYPE_IPV6;
  if (type !== TYPE_IPV4 && (!isIpv6 || ip + IPV6_HLEN > frame.length)) return undefined;
  const protocol = frame[ip + (isIpv6 ? 6 : 9)];
  const header = ip + (isIpv6 ? IPV6_HLEN : (frame[ip] & 0xf) * 4);
  const end = isIpv6 ? ip + IPV6_HLEN + be16(frame, ip + 4) : ip + be16(frame, ip + 2);
  const checksum = header + (checksumAt[protocol] ?? Infinity);
  const isFragment = !isIpv6 && (be16(frame, ip + 6) & FRAGMENT) !== 0;
  const isShort = header < ip + IPV4_HLEN;
  if (isFragment || isShort || checksum + 2 > end || end > frame.length) return undefined;
  const [addresses, addressBytes] = isIpv6 ? [ip + 8, 32] : [ip + 12, 8];
  return {isIpv6, isTcp: protocol === IPPROTO_TCP, addresses, addressBytes, header, end, checksum};
};

/** What the checksum's field holds while the rest is left to others. @see RFC 9293, "Checksum" */
export const pseudoHeaderSum = (frame: Uint8Array, {addresses, addressBytes, header, end, isTcp}: Transport): number =>
  fold(sumWords(frame, addresses, addresses + addressBytes) + (isTcp ? IPPROTO_TCP : IPPROTO_UDP) + end - header);

/** Does the rest: the field holds the sum of the pseudo header. */
export const completeChecksum = (frame: Uint8Array): void => {
  const transport = findTransport(frame);
  if (transport === undefined) return;
  const {header, end, checksum, isTcp} = transport;
  const sum = ~fold(sumWords(frame, header, end)) & 0xffff;
  // UDP has 0 for "none".
  const written = sum === 0 && !isTcp ? 0xffff : sum;
  frame[checksum] = written >>> 8;
  frame[checksum + 1] = written;
};

/** Some hash of the addresses and ports in a frame: those of one flow have the same. */
export const flowHash = (frame: Uint8Array): number => {
  const transport = findTransport(frame);
  const [from, bytes] = transport === undefined ? [0, 2 * ETH_ALEN] : [transport.addresses, transport.addressBytes];
  let hash = mixWords(frame, from, from + bytes, bytes);
  if (transport !== undefined) hash = mixWords(frame, transport.header, transport.header + 4, hash);
  // The upper bits know more of the input than the lower ones, by which a queue is chosen.
  return Math.imul(hash ^ (hash >>> 15), MIX) >>> 16;
};

const mixWords = (frame: Uint8Array, from: number, to: number, start: number): number => {
  let hash = start;
  for (let i = from; i < to; i += 2) hash = Math.imul(hash ^ be16(frame, i), MIX);
  return hash;
};

/** Sum of big-endian words; less than 2^31 for any frame. */
const sumWords = (u8: Uint8Array, from: number, to: number): number => {
  const even = from + ((to - from) & ~1);
  let sum = 0;
  for (let i = from; i < even; i += 2) sum += be16(u8, i);
  return even < to ? sum + (u8[even] << 8) : sum;
};

const fold = (sum: number): number => {
  const once = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
};

const be16 = (u8: Uint8Array, at: number): number => (u8[at] << 8) | u8[at + 1];
