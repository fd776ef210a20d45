/**
 * The Internet checksum of bytes[from, to): the complement of the one's complement sum of its 16-bit words. 0 over data
 * that includes a right checksum. `begin` is the sum of further words, those of a pseudo header.
 * @see RFC 1071
 */
export const internetChecksum = (bytes: Uint8Array, from: number, to: number, begin = 0): number => {
  let sum = begin;
  const even = from + ((to - from) & ~1);
  for (let at = from; at < even; at += 2) sum += (bytes[at] << 8) | bytes[at + 1];
  if (even < to) sum += bytes[even] << 8;
  // 64 KiB of data sum to less than 2^32: folding at the end is soon enough.
  sum = (sum & 0xffff) + (sum >>> 16);
  sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
};
