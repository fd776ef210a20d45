/** Sum of big-endian 16-bit words, an odd byte padded with 0, not folded yet. `sum` carries on an earlier part. */
export const sumWords = (u8: Uint8Array, at: number, length: number, sum = 0): number => {
  const end = at + (length & ~1);
  let total = sum;
  for (let i = at; i < end; i += 2) total += (u8[i] << 8) | u8[i + 1];
  return length % 2 === 1 ? total + (u8[end] << 8) : total;
};

/** The one's complement of a sum of up to 2^32. */
export const foldSum = (sum: number): number => {
  let folded = sum;
  while (folded > 0xffff) folded = Math.floor(folded / 0x10000) + (folded & 0xffff);
  return ~folded & 0xffff;
};

/** 0 over bytes that hold their own checksum, if that is right. @see RFC 1071 */
export const internetChecksum = (u8: Uint8Array, at: number, length: number): number =>
  foldSum(sumWords(u8, at, length));

export const getBe16 = (u8: Uint8Array, at: number): number => (u8[at] << 8) | u8[at + 1];

export const putBe16 = (u8: Uint8Array, at: number, value: number): void => {
  u8[at] = value >>> 8;
  u8[at + 1] = value;
};

/** "10.0.0.254" or "10.0.0.254/24" as four bytes; undefined when it is no such address. */
export const parseIpv4 = (text: string): Uint8Array | undefined => {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/([0-9]|[12][0-9]|3[0-2]))?$/.exec(text);
  const bytes = match?.slice(1, 5).map(Number);
  return bytes === undefined || bytes.some((byte) => byte > 255) ? undefined : Uint8Array.from(bytes);
};

export const getBe32 = (u8: Uint8Array, at: number): number => ((getBe16(u8, at) << 16) | getBe16(u8, at + 2)) >>> 0;

export const putBe32 = (u8: Uint8Array, at: number, value: number): void => {
  putBe16(u8, at, value >>> 16);
  putBe16(u8, at + 2, value);
};
