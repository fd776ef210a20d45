import {foldSum, getBe16, putBe16, sumWords} from './inet.ts';

const ETH_TYPE = 12;
const ETH_HLEN = 14;
const VLAN_LEN = 4;
const TYPE_VLAN = 0x8100;
const TYPE_IPV4 = 0x0800;
const IPV4_HLEN = 20;
const TCP_HLEN = 20;
/** Bits of an IPv4 header's fragment field that a fragment has: more fragments, and the offset. */
const FRAGMENT = 0x3fff;
export const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;

/** Where a transport keeps its checksum, from its own header on. */
const checksumAt: Readonly<Record<number, number>> = {[IPPROTO_TCP]: 16, [IPPROTO_UDP]: 6};

/** Byte offsets in memory of the parts of a TCP or UDP packet over IPv4, and its protocol. */
export interface Transport {
  ip: number;
  header: number;
  /** Where TCP's data begins; for UDP as the header. */
  payload: number;
  end: number;
  checksum: number;
  protocol: number;
}

/** Takes a frame apart; undefined when it is no whole packet of TCP or UDP over IPv4, with or without a VLAN tag. */
export const findTransport = (u8: Uint8Array, at: number, length: number): Transport | undefined => {
  const frameEnd = at + length;
  const isTagged = length >= ETH_HLEN + VLAN_LEN && getBe16(u8, at + ETH_TYPE) === TYPE_VLAN;
  const ip = at + ETH_HLEN + (isTagged ? VLAN_LEN : 0);
  if (ip + IPV4_HLEN > frameEnd || getBe16(u8, ip - 2) !== TYPE_IPV4) return undefined;
  const header = ip + (u8[ip] & 0xf) * 4;
  const end = ip + getBe16(u8, ip + 2);
  const protocol = u8[ip + 9];
  const checksum = header + (checksumAt[protocol] ?? Infinity);
  const isFragment = (getBe16(u8, ip + 6) & FRAGMENT) !== 0;
  if (end > frameEnd || header < ip + IPV4_HLEN || checksum + 2 > end || isFragment) return undefined;
  const payload = protocol === IPPROTO_TCP ? header + (u8[header + 12] >>> 4) * 4 : header;
  if (payload > end || (protocol === IPPROTO_TCP && payload < header + TCP_HLEN)) return undefined;
  return {ip, header, payload, end, checksum, protocol};
};

/** Completes a checksum: its field holds the sum of the pseudo header, everything from the transport's header on is added. */
export const completeChecksum = (u8: Uint8Array, {header, end, checksum, protocol}: Transport): void => {
  const sum = foldSum(sumWords(u8, header, end - header));
  // UDP has 0 for "none": what comes out as 0 is sent as its other form.
  putBe16(u8, checksum, sum === 0 && protocol === IPPROTO_UDP ? 0xffff : sum);
};

/** Writes the sum of the pseudo header into the checksum's field. @see RFC 9293, "Checksum" */
export const blankChecksum = (u8: Uint8Array, {ip, header, end, checksum, protocol}: Transport): void => {
  const addresses = sumWords(u8, ip + 12, 8);
  putBe16(u8, checksum, ~foldSum(addresses + protocol + (end - header)) & 0xffff);
};

/** Sets the checksum of the IPv4 header itself. */
export const setHeaderChecksum = (u8: Uint8Array, {ip, header}: Transport): void => {
  putBe16(u8, ip + 10, 0);
  putBe16(u8, ip + 10, foldSum(sumWords(u8, ip, header - ip)));
};
