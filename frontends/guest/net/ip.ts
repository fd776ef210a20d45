import {formatIpv4, type Ipv4, parseIpv4} from './address.ts';
import type {NetInterface} from './interface.ts';
import {IPV4_PAYLOAD_AT} from './ipv4.ts';
import {formatIpv6, type Ipv6, parseIpv6} from './ipv6/address.ts';
import {IPV6_PAYLOAD_AT} from './ipv6/header.ts';

/** Of either family: === compares them, and they may be keys of a Map. */
export type IpAddress = Ipv4 | Ipv6;

export const PROTOCOL_ICMP = 1;
export const PROTOCOL_TCP = 6;
export const PROTOCOL_UDP = 17;
export const PROTOCOL_ICMPV6 = 58;

export const DEFAULT_TTL = 64;

export const isIpv4 = (address: IpAddress): address is Ipv4 => typeof address === 'number';

export const parseIp = (text: string): IpAddress | undefined => parseIpv4(text) ?? parseIpv6(text);
export const formatIp = (address: IpAddress): string => (isIpv4(address) ? formatIpv4(address) : formatIpv6(address));

/** Where the payload begins in a frame of ours to that address. */
export const payloadAtFor = (destination: IpAddress): number =>
  isIpv4(destination) ? IPV4_PAYLOAD_AT : IPV6_PAYLOAD_AT;

export interface IpHeader<A extends IpAddress = IpAddress> {
  protocol: number;
  /** IPv6 calls it hop limit. */
  ttl: number;
  source: A;
  destination: A;
}

/** A packet inside the frame it came in. */
export interface IpPacket<A extends IpAddress = IpAddress> extends IpHeader<A> {
  frame: Uint8Array;
  /** The payload is frame[payloadAt, payloadEnd). */
  payloadAt: number;
  payloadEnd: number;
}

/** Somebody on the way could not deliver a packet of ours. */
export interface IpFailure {
  kind: 'unreachable' | 'timeExceeded' | 'tooBig';
  /** ICMP or ICMPv6 code. */
  code: number;
  /** Of 'tooBig': what would get through; 0 when it was not said. */
  mtu: number;
  /** Who says so, and the TTL and length of the message. */
  from: IpAddress;
  ttl: number;
  bytes: number;
  /** Of our packet; frame[quotedAt, quotedEnd) is what is quoted of its payload, 8 bytes at least. */
  protocol: number;
  source: IpAddress;
  destination: IpAddress;
  frame: Uint8Array;
  quotedAt: number;
  quotedEnd: number;
}

/** What is above IP. */
export interface IpProtocol {
  /** `answerable`: the packet was sent to us alone. */
  receive(packet: IpPacket, answerable: boolean, from: NetInterface): void;
  failed?(failure: IpFailure): void;
}

/** The sum of a pseudo header's words, for `internetChecksum` to begin with. @see RFC 9293, 3.1; RFC 8200, 8.1 */
export const pseudoHeaderSum = (source: IpAddress, destination: IpAddress, protocol: number, bytes: number): number =>
  addressSum(source) + addressSum(destination) + protocol + (bytes >>> 16) + (bytes & 0xffff);

const addressSum = (address: IpAddress): number => {
  if (isIpv4(address)) return (address >>> 16) + (address & 0xffff);
  let sum = 0;
  for (let i = 0; i < address.length; i++) sum += address.charCodeAt(i);
  return sum;
};
