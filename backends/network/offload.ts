import {blankChecksum, findTransport, IPPROTO_TCP} from './transport.ts';

/**
 * What a sender left for others to do at a frame, as a word that a batch keeps beside it: in the low 16 bits the payload
 * bytes of each segment into which it is to be cut (TCP over IPv4; 0 for a frame as it is), and a flag.
 */
export const NO_OFFLOAD = 0;
/** The checksum's field of TCP or UDP over IPv4 holds the sum of the pseudo header only. */
export const CHECKSUM_BLANK = 1 << 16;

export const segmentBytes = (offload: number): number => offload & 0xffff;

/** True when a frame of TCP or UDP over IPv4 is such that what was left to do can be done. */
export const canFinish = (u8: Uint8Array, at: number, length: number, offload: number): boolean => {
  if (offload === NO_OFFLOAD) return true;
  const transport = findTransport(u8, at, length);
  if (transport === undefined) return false;
  return segmentBytes(offload) === 0 || transport.protocol === IPPROTO_TCP;
};

/** Makes a complete checksum blank: who cuts a packet into segments expects it so. */
export const removeChecksum = (u8: Uint8Array, at: number, length: number): void => {
  const transport = findTransport(u8, at, length);
  if (transport !== undefined) blankChecksum(u8, transport);
};
