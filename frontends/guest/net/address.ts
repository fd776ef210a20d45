/** An IPv4 address as a u32, its first byte highest. */
export type Ipv4 = number;

export const LIMITED_BROADCAST: Ipv4 = 0xffffffff;

/** Four decimal numbers; undefined for anything else. */
export const parseIpv4 = (text: string): Ipv4 | undefined => {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)) return undefined;
  return parts.reduce((address, part) => ((address << 8) | Number(part)) >>> 0, 0);
};

export const formatIpv4 = (address: Ipv4): string =>
  `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;

/** A shift by 32 is a shift by 0, so /0 needs its own line. */
export const maskOf = (prefix: number): Ipv4 => (prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0);

/** 224.0.0.0/4 and above: never the address of one host. */
export const isMulticastOrAbove = (address: Ipv4): boolean => address >>> 28 >= 0xe;

/** The six bytes at `at` as "00:16:3e:00:00:01". */
export const formatMac = (bytes: Uint8Array, at = 0): string =>
  Array.from(bytes.subarray(at, at + 6), (byte) => byte.toString(16).padStart(2, '0')).join(':');
