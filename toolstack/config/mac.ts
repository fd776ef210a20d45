import {strtoul} from './c-numbers.ts';

const MAC_BYTES = 6;

export const formatMac = (bytes: readonly number[]): string =>
  bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(':');

/**
 * Six hexadecimal groups with any one character between them. A bad group leaves what was read before it in place,
 * as in xl, which prints a message and goes on.
 */
export const parseMac = (text: string): {bytes: number[]; ok: boolean} => {
  const bytes = Array.from({length: MAC_BYTES}, () => 0);
  let rest = text;
  for (let index = 0; index < MAC_BYTES; index++) {
    const {value, length} = strtoul(rest, 16);
    const byte = Number(BigInt.asUintN(32, value));
    if (length === 0 || byte > 0xff) return {bytes, ok: false};
    bytes[index] = byte;
    rest = rest.slice(length + 1);
  }
  return {bytes, ok: true};
};
