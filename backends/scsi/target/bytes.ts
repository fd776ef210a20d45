/** Big-endian fields, as every SCSI structure has them; what lies beyond the end reads as zero. */

const byteAt = (bytes: Uint8Array, at: number): number => bytes[at] ?? 0;

export const be16 = (bytes: Uint8Array, at: number): number => (byteAt(bytes, at) << 8) | byteAt(bytes, at + 1);

export const be24 = (bytes: Uint8Array, at: number): number => (byteAt(bytes, at) << 16) | be16(bytes, at + 1);

export const be32 = (bytes: Uint8Array, at: number): number => be16(bytes, at) * 0x1_0000 + be16(bytes, at + 2);

/** Exact below 2^53; what is larger stays larger than any disk. */
export const be64 = (bytes: Uint8Array, at: number): number => be32(bytes, at) * 2 ** 32 + be32(bytes, at + 4);

export const put16 = (bytes: Uint8Array, at: number, value: number): void => {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
};

export const put24 = (bytes: Uint8Array, at: number, value: number): void => {
  bytes[at] = value >>> 16;
  put16(bytes, at + 1, value);
};

/** Of a negative value the two's complement. */
export const put32 = (bytes: Uint8Array, at: number, value: number): void => {
  put16(bytes, at, value >>> 16);
  put16(bytes, at + 2, value);
};

export const put64 = (bytes: Uint8Array, at: number, value: number): void => {
  put32(bytes, at, Math.floor(value / 2 ** 32));
  put32(bytes, at + 4, value);
};

/** Text of a fixed width: left-aligned, with spaces behind it. @see SPC-4, "ASCII data field requirements" */
export const putText = (bytes: Uint8Array, at: number, width: number, text: string): void => {
  for (let i = 0; i < width; i++) bytes[at + i] = i < text.length ? text.charCodeAt(i) : 0x20;
};

export const asciiBytes = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

export const concat = (parts: readonly Uint8Array[]): Uint8Array => {
  const joined = new Uint8Array(parts.reduce((sum, {length}) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
};

/** Bytes from a readable string: `28 fa ffffffff`. */
export const hex = (text: string): Uint8Array =>
  Uint8Array.from(text.replaceAll(/\s/g, '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
