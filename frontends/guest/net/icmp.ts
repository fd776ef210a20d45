import type {Ipv4} from './address.ts';
import {readU16, readU32, writeU16} from './bytes.ts';
import {internetChecksum} from './checksum.ts';
import type {NetCounters} from './counters.ts';
import {type EchoSockets, ICMP_ECHO, ICMP_ECHO_REPLY, ICMP_HEADER_BYTES, sealIcmp} from './echo.ts';
import {ETHERNET_HEADER_BYTES} from './ethernet.ts';
import {type IpFailure, type IpPacket, type IpProtocol, isIpv4, PROTOCOL_ICMP} from './ip.ts';
import {IPV4_HEADER_BYTES} from './ipv4.ts';
import type {RateLimit} from './rate-limit.ts';
import type {SendError, SendOptions} from './stack.ts';

const ICMP_DEST_UNREACHABLE = 3;
const ICMP_TIME_EXCEEDED = 11;
const CODE_FRAGMENTATION_NEEDED = 4;
/** Of a quoted packet's payload. */
const QUOTED_BYTES = 8;
/** Where the MTU of the next hop stands. @see RFC 1191, 4 */
const MTU_AT = 6;

/** Errors that we send. */
export const icmpErrors = {
  netUnreachable: {type: ICMP_DEST_UNREACHABLE, code: 0},
  hostUnreachable: {type: ICMP_DEST_UNREACHABLE, code: 1},
  portUnreachable: {type: ICMP_DEST_UNREACHABLE, code: 3},
  fragmentationNeeded: {type: ICMP_DEST_UNREACHABLE, code: CODE_FRAGMENTATION_NEEDED},
  timeExceeded: {type: ICMP_TIME_EXCEEDED, code: 0},
} as const;

export interface IcmpOptions {
  counters: NetCounters['icmp'];
  echo: EchoSockets;
  errorLimit: RateLimit;
  send: (options: SendOptions) => SendError | undefined;
  /** Tells the protocol that an error is about. */
  onFailure: (failure: IpFailure) => void;
}

/** The Internet Control Message Protocol. @see RFC 792, RFC 1122, 3.2.2 */
export class Icmp implements IpProtocol {
  private readonly options: IcmpOptions;

  constructor(options: IcmpOptions) {
    this.options = options;
  }

  receive(packet: IpPacket, answerable: boolean): void {
    const {counters, echo} = this.options;
    const {frame, payloadAt, payloadEnd} = packet;
    counters.inMsgs++;
    const isWhole = payloadEnd - payloadAt >= ICMP_HEADER_BYTES;
    if (!isWhole || internetChecksum(frame, payloadAt, payloadEnd) !== 0) {
      counters.inErrors++;
      return;
    }
    const type = frame[payloadAt];
    if (type === ICMP_ECHO) echo.onRequest(packet, answerable);
    else if (type === ICMP_ECHO_REPLY) echo.onReply(packet);
    else if (type === ICMP_DEST_UNREACHABLE || type === ICMP_TIME_EXCEEDED) this.onError(packet, type);
  }

  failed(failure: IpFailure): void {
    this.options.echo.onFailure(failure);
  }

  /** Tells the sender of a packet why it was not delivered; `mtu` goes with fragmentationNeeded. */
  sendError(about: IpPacket<Ipv4>, {type, code}: {type: number; code: number}, mtu = 0): void {
    const {counters, errorLimit, send} = this.options;
    const {frame, payloadAt, payloadEnd, source, destination} = about;
    if (!errorLimit.take()) return;
    const quotedEnd = Math.min(payloadEnd, payloadAt + QUOTED_BYTES);
    const payload = new Uint8Array(ICMP_HEADER_BYTES + quotedEnd - ETHERNET_HEADER_BYTES);
    payload[0] = type;
    payload[1] = code;
    writeU16(payload, MTU_AT, mtu);
    payload.set(frame.subarray(ETHERNET_HEADER_BYTES, quotedEnd), ICMP_HEADER_BYTES);
    sealIcmp(payload, source, destination);
    if (type === ICMP_TIME_EXCEEDED) counters.outTimeExcds++;
    else counters.outDestUnreachs++;
    if (send({destination: source, protocol: PROTOCOL_ICMP, payload}) !== undefined) counters.outErrors++;
  }

  /** The error quotes the IP header and 8 bytes of the packet that it is about. */
  private onError({frame, payloadAt, payloadEnd, source, ttl}: IpPacket, type: number): void {
    if (type === ICMP_DEST_UNREACHABLE) this.options.counters.inDestUnreachs++;
    const header = payloadAt + ICMP_HEADER_BYTES;
    const quotedAt = header + (frame[header] & 15) * 4;
    if (quotedAt < header + IPV4_HEADER_BYTES || quotedAt + QUOTED_BYTES > payloadEnd) return;
    const code = frame[payloadAt + 1];
    const isTooBig = type === ICMP_DEST_UNREACHABLE && code === CODE_FRAGMENTATION_NEEDED;
    this.options.onFailure({
      kind: isTooBig ? 'tooBig' : type === ICMP_DEST_UNREACHABLE ? 'unreachable' : 'timeExceeded',
      code,
      mtu: isTooBig ? readU16(frame, payloadAt + MTU_AT) : 0,
      from: source,
      ttl,
      bytes: payloadEnd - payloadAt,
      protocol: frame[header + 9],
      source: readU32(frame, header + 12),
      destination: readU32(frame, header + 16),
      frame,
      quotedAt,
      quotedEnd: payloadEnd,
    });
  }
}

/** No error is to raise another one. @see RFC 1122, 3.2.2 */
export const mayAnswerWithError = ({protocol, frame, payloadAt, source}: IpPacket): boolean => {
  const isIcmpError =
    protocol === PROTOCOL_ICMP && frame[payloadAt] !== ICMP_ECHO && frame[payloadAt] !== ICMP_ECHO_REPLY;
  return isIpv4(source) && source !== 0 && !isIcmpError;
};
