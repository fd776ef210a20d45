import {blankChecksum, findTransport, IPPROTO_TCP} from './transport.ts';

/**
 * What a sender left for others to do at a frame of TCP or UDP, as a word that a batch keeps beside it: in the low 16 bits
 * the payload bytes of each segment into which it is to be cut (TCP; 0 for a frame as it is), and flags.
 */
export const NO_OFFLOAD = 0;
/** The checksum's field of TCP or UDP holds the sum of the pseudo header only. */
export const CHECKSUM_BLANK = 1 << 16;
/** The packet is one of IPv6, and not of IPv4. */
export const OVER_IPV6 = 1 << 17;

export const segmentBytes = (offload: number): number => offload & 0xffff;

/**
 * The word for a frame of which the checksum is to be completed, and which is to be cut into segments of `segment` bytes
 * unless that is 0. Undefined when the frame is none of which that can be done.
 */
export const leftToDo = (u8: Uint8Array, at: number, length: number, segment: number): number | undefined => {
  const transport = findTransport(u8, at, length);
  if (transport === undefined || (segment > 0 && transport.protocol !== IPPROTO_TCP)) return undefined;
  return CHECKSUM_BLANK | (transport.isIpv6 ? OVER_IPV6 : 0) | segment;
};

/** Makes a complete checksum blank: who cuts a packet into segments expects it so. */
export const removeChecksum = (u8: Uint8Array, at: number, length: number): void => {
  const transport = findTransport(u8, at, length);
  if (transport !== undefined) blankChecksum(u8, transport);
};
