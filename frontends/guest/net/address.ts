/** An IPv4 address as a u32, its first byte highest. */
export type Ipv4 = number;

/** An address with the length of its network part, 0..32. */
export interface Cidr {
  address: Ipv4;
  prefix: number;
}

export const LOOPBACK_NET: Cidr = {address: 0x7f000001, prefix: 8};
export const LIMITED_BROADCAST: Ipv4 = 0xffffffff;

/** Four decimal numbers; undefined for anything else. */
export const parseIpv4 = (text: string): Ipv4 | undefined => {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) <= 255)) return undefined;
  return parts.reduce((address, part) => ((address << 8) | Number(part)) >>> 0, 0);
};

export const formatIpv4 = (address: Ipv4): string =>
  `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;

/** "10.0.0.1/24"; a bare address is a /32. */
export const parseCidr = (text: string): Cidr | undefined => {
  const [host, length, ...rest] = text.split('/');
  const address = parseIpv4(host);
  if (address === undefined || rest.length > 0) return undefined;
  if (length === undefined) return {address, prefix: 32};
  return /^\d{1,2}$/.test(length) && Number(length) <= 32 ? {address, prefix: Number(length)} : undefined;
};

export const formatCidr = ({address, prefix}: Cidr): string => `${formatIpv4(address)}/${prefix}`;

/** A shift by 32 is a shift by 0, so /0 needs its own line. */
export const maskOf = (prefix: number): Ipv4 => (prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0);

export const networkOf = ({address, prefix}: Cidr): Ipv4 => (address & maskOf(prefix)) >>> 0;

/** The network's directed broadcast address; undefined where there is none (/31, /32: RFC 3021). */
export const broadcastOf = ({address, prefix}: Cidr): Ipv4 | undefined =>
  prefix > 30 ? undefined : (address | ~maskOf(prefix)) >>> 0;

export const isInNetwork = (address: Ipv4, network: Cidr): boolean =>
  ((address ^ network.address) & maskOf(network.prefix)) === 0;

/** 224.0.0.0/4 and above: never the address of one host. */
export const isMulticastOrAbove = (address: Ipv4): boolean => address >>> 28 >= 0xe;

/** The six bytes at `at` as "00:16:3e:00:00:01". */
export const formatMac = (bytes: Uint8Array, at = 0): string =>
  Array.from(bytes.subarray(at, at + 6), (byte) => byte.toString(16).padStart(2, '0')).join(':');
