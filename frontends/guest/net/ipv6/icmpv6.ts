import {readU32, writeU32} from '../bytes.ts';
import {internetChecksum} from '../checksum.ts';
import type {NetCounters} from '../counters.ts';
import {type EchoSockets, ICMP_HEADER_BYTES, ICMPV6_ECHO_REPLY, ICMPV6_ECHO_REQUEST, sealIcmp} from '../echo.ts';
import {ETHERNET_HEADER_BYTES} from '../ethernet.ts';
import type {NetInterface} from '../interface.ts';
import {type IpFailure, type IpPacket, type IpProtocol, isIpv4, PROTOCOL_ICMPV6, pseudoHeaderSum} from '../ip.ts';
import type {RateLimit} from '../rate-limit.ts';
import type {SendError, SendOptions} from '../stack.ts';
import {isMulticast6, readIpv6, UNSPECIFIED6} from './address.ts';
import {IPV6_MIN_MTU} from './header.ts';
import type {NeighbourDiscovery} from './neighbour-discovery.ts';

const DEST_UNREACHABLE = 1;
const PACKET_TOO_BIG = 2;
const TIME_EXCEEDED = 3;
/** Types below it are errors. */
const FIRST_INFORMATIONAL = 128;
const IPV6_HEADER_BYTES = 40;
/** Of a quoted packet's payload, for us to find out whose it is. */
const QUOTED_BYTES = 8;
const VALUE_AT = 4;

/** Errors that we send. */
export const icmpv6Errors = {
  noRoute: {type: DEST_UNREACHABLE, code: 0},
  addressUnreachable: {type: DEST_UNREACHABLE, code: 3},
  portUnreachable: {type: DEST_UNREACHABLE, code: 4},
  packetTooBig: {type: PACKET_TOO_BIG, code: 0},
  hopLimitExceeded: {type: TIME_EXCEEDED, code: 0},
} as const;

const failureKinds: Readonly<Record<number, IpFailure['kind']>> = {
  [DEST_UNREACHABLE]: 'unreachable',
  [PACKET_TOO_BIG]: 'tooBig',
  [TIME_EXCEEDED]: 'timeExceeded',
};

export interface Icmpv6Options {
  counters: NetCounters['icmp6'];
  echo: EchoSockets;
  discovery: NeighbourDiscovery;
  errorLimit: RateLimit;
  send: (options: SendOptions) => SendError | undefined;
  onFailure: (failure: IpFailure) => void;
}

/** ICMP for IPv6. @see RFC 4443 */
export class Icmpv6 implements IpProtocol {
  private readonly options: Icmpv6Options;

  constructor(options: Icmpv6Options) {
    this.options = options;
  }

  receive(packet: IpPacket, answerable: boolean, from: NetInterface): void {
    const {counters, echo, discovery} = this.options;
    const {frame, payloadAt, payloadEnd, source, destination} = packet;
    counters.inMsgs++;
    const bytes = payloadEnd - payloadAt;
    const begin = pseudoHeaderSum(source, destination, PROTOCOL_ICMPV6, bytes);
    if (bytes < ICMP_HEADER_BYTES || internetChecksum(frame, payloadAt, payloadEnd, begin) !== 0) {
      counters.inErrors++;
      return;
    }
    const type = frame[payloadAt];
    if (type === ICMPV6_ECHO_REQUEST) echo.onRequest(packet, answerable);
    else if (type === ICMPV6_ECHO_REPLY) echo.onReply(packet);
    else if (failureKinds[type] !== undefined) this.onError(packet, failureKinds[type]);
    else discovery.receive(packet, from);
  }

  failed(failure: IpFailure): void {
    this.options.echo.onFailure(failure);
  }

  /** Tells the sender of a packet why it was not delivered; `mtu` goes with packetTooBig. */
  sendError(about: IpPacket, {type, code}: {type: number; code: number}, mtu = 0): void {
    const {counters, errorLimit, send} = this.options;
    const {frame, payloadEnd, source, destination} = about;
    if (!errorLimit.take()) return;
    const quoted = Math.min(payloadEnd - ETHERNET_HEADER_BYTES, IPV6_MIN_MTU - IPV6_HEADER_BYTES - ICMP_HEADER_BYTES);
    const payload = new Uint8Array(ICMP_HEADER_BYTES + quoted);
    payload[0] = type;
    payload[1] = code;
    writeU32(payload, VALUE_AT, mtu);
    payload.set(frame.subarray(ETHERNET_HEADER_BYTES, ETHERNET_HEADER_BYTES + quoted), ICMP_HEADER_BYTES);
    sealIcmp(payload, destination, source);
    if (type === TIME_EXCEEDED) counters.outTimeExcds++;
    else counters.outDestUnreachs++;
    const error = send({destination: source, source: destination, protocol: PROTOCOL_ICMPV6, payload});
    if (error !== undefined) counters.outErrors++;
  }

  /** The error quotes the IP header, which we sent without extensions, and as much as fits of what followed. */
  private onError({frame, payloadAt, payloadEnd, source, ttl}: IpPacket, kind: IpFailure['kind']): void {
    if (kind === 'unreachable') this.options.counters.inDestUnreachs++;
    const header = payloadAt + ICMP_HEADER_BYTES;
    const quotedAt = header + IPV6_HEADER_BYTES;
    if (quotedAt + QUOTED_BYTES > payloadEnd) return;
    this.options.onFailure({
      kind,
      code: frame[payloadAt + 1],
      mtu: kind === 'tooBig' ? readU32(frame, payloadAt + VALUE_AT) : 0,
      from: source,
      ttl,
      bytes: payloadEnd - payloadAt,
      protocol: frame[header + 6],
      source: readIpv6(frame, header + 8),
      destination: readIpv6(frame, header + 24),
      frame,
      quotedAt,
      quotedEnd: payloadEnd,
    });
  }
}

/** No error is to raise another one, nor is a packet to many. @see RFC 4443, 2.4 (e) */
export const mayAnswerWithError6 = ({protocol, frame, payloadAt, source, destination}: IpPacket): boolean => {
  if (isIpv4(source) || isIpv4(destination) || source === UNSPECIFIED6 || isMulticast6(destination)) return false;
  return protocol !== PROTOCOL_ICMPV6 || frame[payloadAt] >= FIRST_INFORMATIONAL;
};
