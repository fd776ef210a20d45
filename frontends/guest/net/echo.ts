import {readU16, writeU16} from './bytes.ts';
import {internetChecksum} from './checksum.ts';
import type {NetCounters} from './counters.ts';
import {
  type IpAddress,
  type IpFailure,
  type IpPacket,
  isIpv4,
  PROTOCOL_ICMP,
  PROTOCOL_ICMPV6,
  pseudoHeaderSum,
} from './ip.ts';
import type {SendError, SendOptions} from './stack.ts';

/** Type, code, checksum, identifier, sequence number. @see RFC 792; RFC 4443, 4 */
export const ICMP_HEADER_BYTES = 8;
export const ICMP_ECHO_REPLY = 0;
export const ICMP_ECHO = 8;
export const ICMPV6_ECHO_REQUEST = 128;
export const ICMPV6_ECHO_REPLY = 129;

/** What came back for an echo request. */
export interface EchoAnswer {
  kind: 'reply' | IpFailure['kind'];
  from: IpAddress;
  sequence: number;
  ttl: number;
  /** ICMP code of an error. */
  code: number;
  /** Bytes of the ICMP message. */
  bytes: number;
}

/** One sender of echo requests. */
export interface EchoSocket {
  readonly identifier: number;
  /** What it was answered; errno name when it could not be sent at all. `payload` follows the ICMP header. */
  send(to: IpAddress, sequence: number, payload: Uint8Array, ttl?: number): SendError | undefined;
  close(): void;
}

export interface EchoOptions {
  counters: NetCounters;
  send: (options: SendOptions) => SendError | undefined;
  /** Our address that packets to `destination` carry. */
  sourceFor: (destination: IpAddress) => IpAddress | undefined;
}

interface EchoRequest {
  to: IpAddress;
  identifier: number;
  sequence: number;
  payload: Uint8Array;
  ttl: number | undefined;
}

/** 16-bit identifiers of echo senders. */
const MAX_SOCKETS = 0xffff;

const v4 = {protocol: PROTOCOL_ICMP, request: ICMP_ECHO, reply: ICMP_ECHO_REPLY, counters: 'icmp'} as const;
const v6 = {
  protocol: PROTOCOL_ICMPV6,
  request: ICMPV6_ECHO_REQUEST,
  reply: ICMPV6_ECHO_REPLY,
  counters: 'icmp6',
} as const;

/** Completes the checksum of an ICMP or ICMPv6 message; only the latter's covers the addresses. */
export const sealIcmp = (message: Uint8Array, source: IpAddress, destination: IpAddress): void => {
  const begin = isIpv4(source) ? 0 : pseudoHeaderSum(source, destination, PROTOCOL_ICMPV6, message.length);
  writeU16(message, 2, 0);
  writeU16(message, 2, internetChecksum(message, 0, message.length, begin));
};

/** Echo of both families: answers requests, sends our own, and finds the sender that an answer is for. */
export class EchoSockets {
  private readonly options: EchoOptions;
  private readonly sockets = new Map<number, (answer: EchoAnswer) => void>();
  private lastIdentifier = 0;

  constructor(options: EchoOptions) {
    this.options = options;
  }

  open(onAnswer: (answer: EchoAnswer) => void): EchoSocket {
    const identifier = this.freeIdentifier();
    this.sockets.set(identifier, onAnswer);
    return {
      identifier,
      send: (to, sequence, payload, ttl) => this.sendRequest({to, identifier, sequence, payload, ttl}),
      close: () => void this.sockets.delete(identifier),
    };
  }

  /** `answerable`: the request was sent to us alone, not to a group. */
  onRequest({frame, payloadAt, payloadEnd, source, destination}: IpPacket, answerable: boolean): void {
    const family = isIpv4(source) ? v4 : v6;
    const counters = this.options.counters[family.counters];
    counters.inEchos++;
    // Answering a broadcast would let one packet raise many. @see RFC 1122, 3.2.2.6
    if (!answerable) return;
    const payload = frame.slice(payloadAt, payloadEnd);
    payload[0] = family.reply;
    sealIcmp(payload, destination, source);
    counters.outEchoReps++;
    const {protocol} = family;
    const error = this.options.send({destination: source, source: destination, protocol, payload});
    if (error !== undefined) counters.outErrors++;
  }

  onReply({frame, payloadAt, payloadEnd, source, ttl}: IpPacket): void {
    this.options.counters[isIpv4(source) ? 'icmp' : 'icmp6'].inEchoReps++;
    this.answer(readU16(frame, payloadAt + 4), {
      kind: 'reply',
      from: source,
      sequence: readU16(frame, payloadAt + 6),
      ttl,
      code: 0,
      bytes: payloadEnd - payloadAt,
    });
  }

  /** An error about an ICMP message of ours: perhaps a request. */
  onFailure({kind, code, from, ttl, bytes, frame, quotedAt, protocol}: IpFailure): void {
    if (frame[quotedAt] !== (protocol === PROTOCOL_ICMP ? ICMP_ECHO : ICMPV6_ECHO_REQUEST)) return;
    const sequence = readU16(frame, quotedAt + 6);
    this.answer(readU16(frame, quotedAt + 4), {kind, from, sequence, ttl, code, bytes});
  }

  private answer(identifier: number, answer: EchoAnswer): void {
    this.sockets.get(identifier)?.(answer);
  }

  private sendRequest({to, identifier, sequence, payload: data, ttl}: EchoRequest): SendError | undefined {
    const family = isIpv4(to) ? v4 : v6;
    const source = this.options.sourceFor(to);
    if (source === undefined) return 'ENETUNREACH';
    const payload = new Uint8Array(ICMP_HEADER_BYTES + data.length);
    payload[0] = family.request;
    writeU16(payload, 4, identifier);
    writeU16(payload, 6, sequence);
    payload.set(data, ICMP_HEADER_BYTES);
    sealIcmp(payload, source, to);
    this.options.counters[family.counters].outEchos++;
    const onUnreachable = (): void =>
      this.answer(identifier, {
        kind: 'unreachable',
        from: source,
        sequence,
        ttl: 0,
        code: isIpv4(to) ? 1 : 3,
        bytes: 0,
      });
    return this.options.send({destination: to, protocol: family.protocol, payload, ttl, onUnreachable});
  }

  private freeIdentifier(): number {
    if (this.sockets.size >= MAX_SOCKETS) throw new Error('all 65535 ICMP identifiers are in use');
    do this.lastIdentifier = (this.lastIdentifier % MAX_SOCKETS) + 1;
    while (this.sockets.has(this.lastIdentifier));
    return this.lastIdentifier;
  }
}
