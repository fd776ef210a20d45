/** Longest input: the addresses of IPv6 and two ports. */
const MAX_INPUT_BYTES = 36;

/** The hash of netif.h's "Toeplitz hash", by a table that has the share of each byte value at each place. */
export class Toeplitz {
  private readonly shares = new Uint32Array(MAX_INPUT_BYTES * 256);

  /** A new key; bytes that it does not have are 0. */
  setKey(key: Uint8Array): void {
    const {shares} = this;
    shares.fill(0);
    for (let place = 0; place < MAX_INPUT_BYTES; place++) {
      for (let bit = 0; bit < 8; bit++) {
        const word = leftmost(key, place * 8 + bit);
        for (let value = 0; value < 256; value++)
          if ((value & (0x80 >>> bit)) !== 0) shares[place * 256 + value] ^= word;
      }
    }
  }

  /** Adds `length` bytes from `at` on, which are number `place` and following of the input, to a hash. */
  add(hash: number, u8: Uint8Array, at: number, length: number, place: number): number {
    let sum = hash;
    for (let i = 0; i < length; i++) sum ^= this.shares[(place + i) * 256 + u8[at + i]];
    return sum >>> 0;
  }
}

/** The left-most 32 bits of the key once it was shifted left by so many bits. */
const leftmost = (key: Uint8Array, shift: number): number => {
  const byte = shift >>> 3;
  const bits = shift & 7;
  let word = 0;
  for (let i = 0; i < 4; i++) word = (word << 8) | (key[byte + i] ?? 0);
  return bits === 0 ? word >>> 0 : ((word << bits) | ((key[byte + 4] ?? 0) >>> (8 - bits))) >>> 0;
};
