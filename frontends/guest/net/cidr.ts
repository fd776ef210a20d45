import {type Ipv4, maskOf} from './address.ts';
import {formatIp, type IpAddress, isIpv4, parseIp} from './ip.ts';
import {isSamePrefix, joinIpv6, LOOPBACK6, UNSPECIFIED6} from './ipv6/address.ts';

/** An address with the length of its network part: 0..32, or 0..128 for IPv6. */
export interface Cidr {
  address: IpAddress;
  prefix: number;
}

export const LOOPBACK_NET: Cidr = {address: 0x7f000001, prefix: 8};
export const LOOPBACK_NET6: Cidr = {address: LOOPBACK6, prefix: 128};

const bitsOf = (address: IpAddress): number => (isIpv4(address) ? 32 : 128);

/** The address is all of its network. */
export const isSingle = ({address, prefix}: Cidr): boolean => prefix === bitsOf(address);

/** "10.0.0.1/24" or "fd00::1/64"; a bare address is a network of its own. */
export const parseCidr = (text: string): Cidr | undefined => {
  const [host, length, ...rest] = text.split('/');
  const address = parseIp(host);
  if (address === undefined || rest.length > 0) return undefined;
  const bits = bitsOf(address);
  if (length === undefined) return {address, prefix: bits};
  return /^\d{1,3}$/.test(length) && Number(length) <= bits ? {address, prefix: Number(length)} : undefined;
};

export const formatCidr = ({address, prefix}: Cidr): string => `${formatIp(address)}/${prefix}`;

export const networkOf = ({address, prefix}: Cidr): IpAddress =>
  isIpv4(address) ? (address & maskOf(prefix)) >>> 0 : joinIpv6(address, prefix, UNSPECIFIED6);

/** The network's directed broadcast address; undefined where there is none (IPv6; /31, /32: RFC 3021). */
export const broadcastOf = ({address, prefix}: Cidr): Ipv4 | undefined =>
  !isIpv4(address) || prefix > 30 ? undefined : (address | ~maskOf(prefix)) >>> 0;

/** No address of one family is in a network of the other. */
export const isInNetwork = (address: IpAddress, network: Cidr): boolean => {
  if (isIpv4(address)) return isIpv4(network.address) && ((address ^ network.address) & maskOf(network.prefix)) === 0;
  return !isIpv4(network.address) && isSamePrefix(address, network.address, network.prefix);
};
