import type {Ipv4} from './address.ts';
import {readU16, writeU16} from './bytes.ts';
import {internetChecksum} from './checksum.ts';
import type {NetCounters} from './counters.ts';
import type {Ipv4Packet} from './ipv4.ts';

export const PROTOCOL_ICMP = 1;
export const ICMP_ECHO_REPLY = 0;
export const ICMP_DEST_UNREACHABLE = 3;
export const ICMP_ECHO = 8;
export const ICMP_TIME_EXCEEDED = 11;

/** Type, code, checksum, identifier, sequence number. @see RFC 792 */
export const ICMP_HEADER_BYTES = 8;

/** What came back for an echo request. */
export interface EchoAnswer {
  kind: 'reply' | 'unreachable' | 'timeExceeded';
  from: Ipv4;
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
  send(to: Ipv4, sequence: number, payload: Uint8Array, ttl?: number): SendError | undefined;
  close(): void;
}

export type SendError = 'ENETUNREACH' | 'EMSGSIZE' | 'EACCES';

export interface SendOptions {
  destination: Ipv4;
  protocol: number;
  payload: Uint8Array;
  source?: Ipv4;
  ttl?: number;
  /** No neighbour answered for the next hop. */
  onUnreachable?: () => void;
}

export interface IcmpOptions {
  counters: NetCounters;
  send: (options: SendOptions) => SendError | undefined;
  /** Our address that packets to `destination` carry. */
  sourceFor: (destination: Ipv4) => Ipv4;
}

/** 16-bit identifiers of echo senders. */
const MAX_SOCKETS = 0xffff;

/** The echo half of ICMP: answers requests, sends our own, and finds the sender that an error is about. */
export class Icmp {
  private readonly options: IcmpOptions;
  private readonly sockets = new Map<number, (answer: EchoAnswer) => void>();
  private lastIdentifier = 0;

  constructor(options: IcmpOptions) {
    this.options = options;
  }

  openEcho(onAnswer: (answer: EchoAnswer) => void): EchoSocket {
    const identifier = this.freeIdentifier();
    this.sockets.set(identifier, onAnswer);
    return {
      identifier,
      send: (to, sequence, payload, ttl) => this.sendEcho({to, identifier, sequence, payload, ttl}),
      close: () => void this.sockets.delete(identifier),
    };
  }

  /** `answerable`: the request was sent to us alone, not to a broadcast address. */
  receive(packet: Ipv4Packet, answerable: boolean): void {
    const {icmp} = this.options.counters;
    const {frame, payloadAt, payloadEnd} = packet;
    icmp.inMsgs++;
    const isWhole = payloadEnd - payloadAt >= ICMP_HEADER_BYTES;
    if (!isWhole || internetChecksum(frame, payloadAt, payloadEnd) !== 0) {
      icmp.inErrors++;
      return;
    }
    const type = frame[payloadAt];
    if (type === ICMP_ECHO) this.onEcho(packet, answerable);
    else if (type === ICMP_ECHO_REPLY) this.onEchoReply(packet);
    else if (type === ICMP_DEST_UNREACHABLE || type === ICMP_TIME_EXCEEDED) this.onError(packet, type);
  }

  private onEcho({frame, payloadAt, payloadEnd, source, destination}: Ipv4Packet, answerable: boolean): void {
    const {icmp} = this.options.counters;
    icmp.inEchos++;
    // Answering a broadcast would let one packet raise many. @see RFC 1122, 3.2.2.6
    if (!answerable) return;
    const payload = frame.slice(payloadAt, payloadEnd);
    payload[0] = ICMP_ECHO_REPLY;
    sealChecksum(payload);
    icmp.outEchoReps++;
    const error = this.options.send({destination: source, source: destination, protocol: PROTOCOL_ICMP, payload});
    if (error !== undefined) icmp.outErrors++;
  }

  private onEchoReply({frame, payloadAt, payloadEnd, source, ttl}: Ipv4Packet): void {
    this.options.counters.icmp.inEchoReps++;
    this.answer(readU16(frame, payloadAt + 4), {
      kind: 'reply',
      from: source,
      sequence: readU16(frame, payloadAt + 6),
      ttl,
      code: 0,
      bytes: payloadEnd - payloadAt,
    });
  }

  /** The error quotes the IP header and 8 bytes of the packet that it is about. */
  private onError({frame, payloadAt, payloadEnd, source, ttl}: Ipv4Packet, type: number): void {
    if (type === ICMP_DEST_UNREACHABLE) this.options.counters.icmp.inDestUnreachs++;
    const quoted = payloadAt + ICMP_HEADER_BYTES;
    const inner = quoted + (frame[quoted] & 15) * 4;
    if (inner + ICMP_HEADER_BYTES > payloadEnd || frame[quoted + 9] !== PROTOCOL_ICMP || frame[inner] !== ICMP_ECHO)
      return;
    this.answer(readU16(frame, inner + 4), {
      kind: type === ICMP_DEST_UNREACHABLE ? 'unreachable' : 'timeExceeded',
      from: source,
      sequence: readU16(frame, inner + 6),
      ttl,
      code: frame[payloadAt + 1],
      bytes: payloadEnd - payloadAt,
    });
  }

  private answer(identifier: number, answer: EchoAnswer): void {
    this.sockets.get(identifier)?.(answer);
  }

  private sendEcho(request: {
    to: Ipv4;
    identifier: number;
    sequence: number;
    payload: Uint8Array;
    ttl: number | undefined;
  }): SendError | undefined {
    const {to, identifier, sequence, ttl} = request;
    const payload = new Uint8Array(ICMP_HEADER_BYTES + request.payload.length);
    payload[0] = ICMP_ECHO;
    writeU16(payload, 4, identifier);
    writeU16(payload, 6, sequence);
    payload.set(request.payload, ICMP_HEADER_BYTES);
    sealChecksum(payload);
    this.options.counters.icmp.outEchos++;
    const from = this.options.sourceFor(to);
    const onUnreachable = (): void =>
      this.answer(identifier, {kind: 'unreachable', from, sequence, ttl: 0, code: 1, bytes: 0});
    return this.options.send({destination: to, protocol: PROTOCOL_ICMP, payload, ttl, onUnreachable});
  }

  private freeIdentifier(): number {
    if (this.sockets.size >= MAX_SOCKETS) throw new Error('all 65535 ICMP identifiers are in use');
    do this.lastIdentifier = (this.lastIdentifier % MAX_SOCKETS) + 1;
    while (this.sockets.has(this.lastIdentifier));
    return this.lastIdentifier;
  }
}

const sealChecksum = (message: Uint8Array): void => {
  writeU16(message, 2, 0);
  writeU16(message, 2, internetChecksum(message, 0, message.length));
};
