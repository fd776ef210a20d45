/** Bytes of a MAC address. */
export const ETH_ALEN = 6;

const pattern = /^[0-9a-f]{1,2}(:[0-9a-f]{1,2}){5}$/i;

/** "00:16:3e:00:00:01" as bytes; undefined when it is no such address. */
export const parseMac = (text: string): Uint8Array | undefined =>
  pattern.test(text) ? Uint8Array.from(text.split(':'), (part) => Number.parseInt(part, 16)) : undefined;

export const formatMac = (bytes: Uint8Array): string =>
  Array.from(bytes.subarray(0, ETH_ALEN), (byte) => byte.toString(16).padStart(2, '0')).join(':');

/** The address at `at` as two numbers, the form in which tables compare it: the first two bytes, the last four as an i32. */
export const macHigh = (u8: Uint8Array, at: number): number => (u8[at] << 8) | u8[at + 1];

export const macLow = (u8: Uint8Array, at: number): number =>
  (u8[at + 2] << 24) | (u8[at + 3] << 16) | (u8[at + 4] << 8) | u8[at + 5];

/** The group bit of an address given by its `macHigh`: multicast, and broadcast as one of these. */
export const isGroup = (high: number): boolean => (high & 0x100) !== 0;
