import {ETH_HLEN} from '../frame-batch.ts';
import {foldSum, getBe16, getBe32, internetChecksum, putBe16, putBe32, sumWords} from '../inet.ts';

/** Byte offsets in a frame of IPv4 over Ethernet; those behind the header are from its end on. */
export const ipAt = {
  version: ETH_HLEN,
  length: ETH_HLEN + 2,
  id: ETH_HLEN + 4,
  fragment: ETH_HLEN + 6,
  ttl: ETH_HLEN + 8,
  protocol: ETH_HLEN + 9,
  checksum: ETH_HLEN + 10,
  source: ETH_HLEN + 12,
  target: ETH_HLEN + 16,
};
const ETH_TYPE_AT = 12;
const TYPE_IPV4 = 0x0800;
const IPV4_HLEN = 20;
const UDP_HLEN = 8;
const TTL = 64;
/** More fragments, and the offset. */
const FRAGMENT_BITS = 0x3fff;

export const ICMP = 1;
export const TCP = 6;
export const UDP = 17;

export const typeOf = (frame: Uint8Array): number => (frame.length < ETH_HLEN ? 0 : getBe16(frame, ETH_TYPE_AT));

export const isIpv4 = (frame: Uint8Array): boolean => typeOf(frame) === TYPE_IPV4;

/** Where the IPv4 header ends when the frame holds a whole, sound packet; undefined else. */
export const headerEnd = (frame: Uint8Array): number | undefined => {
  if (frame.length < ETH_HLEN + IPV4_HLEN || frame[ipAt.version] >>> 4 !== 4) return undefined;
  const length = (frame[ipAt.version] & 0xf) * 4;
  const total = getBe16(frame, ipAt.length);
  const isWhole = length >= IPV4_HLEN && total >= length && ETH_HLEN + total <= frame.length;
  return isWhole && internetChecksum(frame, ETH_HLEN, length) === 0 ? ETH_HLEN + length : undefined;
};

export const isFragment = (frame: Uint8Array): boolean => (getBe16(frame, ipAt.fragment) & FRAGMENT_BITS) !== 0;

/** Where the packet ends; padding of short frames is behind it. */
export const packetEnd = (frame: Uint8Array): number => ETH_HLEN + getBe16(frame, ipAt.length);

export const sealHeader = (frame: Uint8Array): void => {
  const length = (frame[ipAt.version] & 0xf) * 4;
  putBe16(frame, ipAt.checksum, 0);
  putBe16(frame, ipAt.checksum, internetChecksum(frame, ETH_HLEN, length));
};

/** Sum of the pseudo header of TCP and UDP. */
const pseudoSum = (frame: Uint8Array, protocol: number, length: number): number =>
  sumWords(frame, ipAt.source, 8) + protocol + length;

/** A frame with an IPv4 packet of ours; its Ethernet addresses are for who sends it. */
export const makePacket = (protocol: number, source: number, target: number, payload: Uint8Array): Uint8Array => {
  const frame = new Uint8Array(ETH_HLEN + IPV4_HLEN + payload.length);
  putBe16(frame, ETH_TYPE_AT, TYPE_IPV4);
  frame[ipAt.version] = 0x45;
  putBe16(frame, ipAt.length, IPV4_HLEN + payload.length);
  frame[ipAt.ttl] = TTL;
  frame[ipAt.protocol] = protocol;
  putBe32(frame, ipAt.source, source);
  putBe32(frame, ipAt.target, target);
  frame.set(payload, ETH_HLEN + IPV4_HLEN);
  sealHeader(frame);
  return frame;
};

export interface Datagram {
  source: number;
  sourcePort: number;
  target: number;
  targetPort: number;
  data: Uint8Array;
}

/** A frame with a UDP datagram. */
export const makeDatagram = ({source, sourcePort, target, targetPort, data}: Datagram): Uint8Array => {
  const udp = new Uint8Array(UDP_HLEN + data.length);
  putBe16(udp, 0, sourcePort);
  putBe16(udp, 2, targetPort);
  putBe16(udp, 4, udp.length);
  udp.set(data, UDP_HLEN);
  const frame = makePacket(UDP, source, target, udp);
  const at = ETH_HLEN + IPV4_HLEN;
  const sum = foldSum(sumWords(frame, at, udp.length, pseudoSum(frame, UDP, udp.length)));
  putBe16(frame, at + 6, sum === 0 ? 0xffff : sum);
  return frame;
};

/** The datagram in a frame whose IPv4 header ends at `at`; undefined when it is not whole or its checksum is wrong. */
export const readDatagram = (frame: Uint8Array, at: number): Datagram | undefined => {
  const end = packetEnd(frame);
  if (at + UDP_HLEN > end || isFragment(frame)) return undefined;
  const length = getBe16(frame, at + 4);
  if (length < UDP_HLEN || at + length > end) return undefined;
  const hasChecksum = getBe16(frame, at + 6) !== 0;
  if (hasChecksum && foldSum(sumWords(frame, at, length, pseudoSum(frame, UDP, length))) !== 0) return undefined;
  return {
    source: getBe32(frame, ipAt.source),
    sourcePort: getBe16(frame, at),
    target: getBe32(frame, ipAt.target),
    targetPort: getBe16(frame, at + 2),
    data: frame.subarray(at + UDP_HLEN, at + length),
  };
};
