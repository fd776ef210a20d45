import {foldSum, getBe16, putBe16, sumWords} from './inet.ts';

const ETH_TYPE = 12;
const ETH_HLEN = 14;
const VLAN_LEN = 4;
const TYPE_VLAN = 0x8100;
const TYPE_IPV4 = 0x0800;
const TYPE_IPV6 = 0x86dd;
const IPV4_HLEN = 20;
const IPV6_HLEN = 40;
const TCP_HLEN = 20;
/** Bits of an IPv4 header's fragment field that a fragment has: more fragments, and the offset. */
const FRAGMENT = 0x3fff;
export const IPPROTO_TCP = 6;
export const IPPROTO_UDP = 17;

/** Extension headers that are skipped: hop by hop, routing, destination options. @see RFC 8200, "IPv6 Extension Headers" */
const isSkipped = (nextHeader: number): boolean => nextHeader === 0 || nextHeader === 43 || nextHeader === 60;

/** Where a transport keeps its checksum, from its own header on. */
const checksumAt: Readonly<Record<number, number>> = {[IPPROTO_TCP]: 16, [IPPROTO_UDP]: 6};

/** Byte offsets in memory of the parts of a TCP or UDP packet, and its protocol. */
export interface Transport {
  isIpv6: boolean;
  ip: number;
  header: number;
  /** Where TCP's data begins; for UDP as the header. */
  payload: number;
  end: number;
  checksum: number;
  protocol: number;
}

/** A packet without its transport: where the header of the next protocol is, which one, and where the packet ends. */
interface Packet {
  isIpv6: boolean;
  header: number;
  protocol: number;
  end: number;
}

/** Takes a frame apart; undefined when it is no whole packet of TCP or UDP over IP, with or without a VLAN tag. */
export const findTransport = (u8: Uint8Array, at: number, length: number): Transport | undefined => {
  const frameEnd = at + length;
  const isTagged = length >= ETH_HLEN + VLAN_LEN && getBe16(u8, at + ETH_TYPE) === TYPE_VLAN;
  const ip = at + ETH_HLEN + (isTagged ? VLAN_LEN : 0);
  if (ip + IPV4_HLEN > frameEnd) return undefined;
  const type = getBe16(u8, ip - 2);
  const packet = type === TYPE_IPV4 ? openIpv4(u8, ip) : type === TYPE_IPV6 ? openIpv6(u8, ip, frameEnd) : undefined;
  if (packet === undefined || packet.end > frameEnd) return undefined;
  const {header, protocol, end} = packet;
  const checksum = header + (checksumAt[protocol] ?? Infinity);
  if (checksum + 2 > end) return undefined;
  const payload = protocol === IPPROTO_TCP ? header + (u8[header + 12] >>> 4) * 4 : header;
  if (payload > end || (protocol === IPPROTO_TCP && payload < header + TCP_HLEN)) return undefined;
  return {...packet, ip, payload, checksum};
};

const openIpv4 = (u8: Uint8Array, ip: number): Packet | undefined => {
  const header = ip + (u8[ip] & 0xf) * 4;
  const isFragment = (getBe16(u8, ip + 6) & FRAGMENT) !== 0;
  if (header < ip + IPV4_HLEN || isFragment) return undefined;
  return {isIpv6: false, header, protocol: u8[ip + 9], end: ip + getBe16(u8, ip + 2)};
};

/** A fragment's header is none that is skipped. */
const openIpv6 = (u8: Uint8Array, ip: number, frameEnd: number): Packet | undefined => {
  let header = ip + IPV6_HLEN;
  if (header > frameEnd) return undefined;
  let protocol = u8[ip + 6];
  while (isSkipped(protocol)) {
    if (header + 2 > frameEnd) return undefined;
    protocol = u8[header];
    header += (u8[header + 1] + 1) * 8;
  }
  return {isIpv6: true, header, protocol, end: ip + IPV6_HLEN + getBe16(u8, ip + 4)};
};

/** Completes a checksum: its field holds the sum of the pseudo header, everything from the transport's header on is added. */
export const completeChecksum = (u8: Uint8Array, {header, end, checksum, protocol}: Transport): void => {
  const sum = foldSum(sumWords(u8, header, end - header));
  // UDP has 0 for "none": what comes out as 0 is sent as its other form.
  putBe16(u8, checksum, sum === 0 && protocol === IPPROTO_UDP ? 0xffff : sum);
};

/** Writes the sum of the pseudo header into the checksum's field. @see RFC 9293, "Checksum"; RFC 8200, "Upper-Layer Checksums" */
export const blankChecksum = (u8: Uint8Array, transport: Transport): void => {
  putBe16(u8, transport.checksum, ~foldSum(pseudoHeaderSum(u8, transport)) & 0xffff);
};

/** Whether a complete checksum is that of its packet. UDP without one has 0, which is not looked for here. */
export const isChecksumRight = (u8: Uint8Array, transport: Transport): boolean => {
  const {header, end} = transport;
  return foldSum(sumWords(u8, header, end - header, pseudoHeaderSum(u8, transport))) === 0;
};

const pseudoHeaderSum = (u8: Uint8Array, {isIpv6, ip, header, end, protocol}: Transport): number => {
  const addresses = isIpv6 ? sumWords(u8, ip + 8, 32) : sumWords(u8, ip + 12, 8);
  return addresses + protocol + (end - header);
};

/** Sets what the IP header of segment number `count` has of its own: the length, and for IPv4 its id and checksum. */
export const setIpHeader = (u8: Uint8Array, {isIpv6, ip, header, end}: Transport, count: number): void => {
  if (isIpv6) return putBe16(u8, ip + 4, end - ip - IPV6_HLEN);
  putBe16(u8, ip + 2, end - ip);
  putBe16(u8, ip + 4, getBe16(u8, ip + 4) + count);
  putBe16(u8, ip + 10, 0);
  putBe16(u8, ip + 10, foldSum(sumWords(u8, ip, header - ip)));
};
