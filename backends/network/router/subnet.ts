import {getBe32, parseIpv4, putBe32} from '../inet.ts';

/** An IPv4 address as a u32, with the number of leading bits that all addresses beside it share. */
export interface Subnet {
  readonly address: number;
  readonly prefix: number;
}

export const LIMITED_BROADCAST = 0xffffffff;
const FIRST_MULTICAST = 0xe0000000;
const DEFAULT_PREFIX = 24;

/** "10.0.0.254/24", of a /24 when it does not say; undefined when it is no such address. */
export const parseSubnet = (text: string): Subnet | undefined => {
  const bytes = parseIpv4(text);
  if (bytes === undefined) return undefined;
  const [, prefix] = text.split('/');
  return {address: getBe32(bytes, 0), prefix: prefix === undefined ? DEFAULT_PREFIX : Number(prefix)};
};

/** Of "10.0.0.1", with or without a prefix. */
export const parseAddress = (text: string): number | undefined => parseSubnet(text)?.address;

export const maskOf = (prefix: number): number => (prefix === 0 ? 0 : -1 << (32 - prefix)) >>> 0;

export const contains = ({address, prefix}: Subnet, other: number): boolean =>
  ((address ^ other) & maskOf(prefix)) === 0;

/** The address that means all of a subnet; one of two addresses has none of its own. @see RFC 3021 */
export const broadcastOf = ({address, prefix}: Subnet): number =>
  prefix > 30 ? LIMITED_BROADCAST : (address | ~maskOf(prefix)) >>> 0;

/** Multicast, and what is beyond it: addresses that are nobody's own. */
export const isGroupAddress = (address: number): boolean => address >= FIRST_MULTICAST;

export const bytesOf = (address: number): Uint8Array => {
  const bytes = new Uint8Array(4);
  putBe32(bytes, 0, address);
  return bytes;
};

/** "10.0.0.254" */
export const formatAddress = (address: number): string => bytesOf(address).join('.');
