import {readU16, writeU16} from './bytes.ts';
import {internetChecksum} from './checksum.ts';
import type {NetCounters} from './counters.ts';
import type {NetInterface} from './interface.ts';
import {
  DEFAULT_TTL,
  type IpAddress,
  type IpFailure,
  type IpPacket,
  type IpProtocol,
  isIpv4,
  PROTOCOL_UDP,
  pseudoHeaderSum,
} from './ip.ts';
import {NetError} from './net-error.ts';
import {freePort} from './ports.ts';
import type {NetStack, SendError} from './stack.ts';

/** Source port, destination port, length, checksum. @see RFC 768 */
const HEADER_BYTES = 8;
const MAX_SOCKETS = 4096;

export interface Datagram {
  address: IpAddress;
  port: number;
  data: Uint8Array;
}

export interface UdpBinding {
  /** 0: any that is free. */
  port: number;
  /** Of the bytes nothing is used again. */
  onDatagram: (datagram: Datagram, from: NetInterface) => void;
  /** An earlier datagram of ours to that peer was not delivered. */
  onFailure?: (failure: IpFailure) => void;
}

export interface UdpEndpoint {
  readonly port: number;
  /** Sends to one address; what is longer than the way's MTU is refused: nothing is cut into fragments. */
  send(to: IpAddress, port: number, data: Uint8Array): SendError | undefined;
  close(): void;
}

/** The User Datagram Protocol. */
export class Udp implements IpProtocol {
  readonly counters: NetCounters['udp'];
  private readonly stack: NetStack;
  private readonly byPort = new Map<number, UdpBinding>();

  constructor(stack: NetStack) {
    this.stack = stack;
    this.counters = stack.counters.udp;
  }

  /** Throws NetError: EADDRINUSE, ENOBUFS. */
  bind(binding: UdpBinding): UdpEndpoint {
    if (this.byPort.size >= MAX_SOCKETS) throw new NetError('ENOBUFS');
    const isFree = (port: number): boolean => !this.byPort.has(port);
    const port = binding.port === 0 ? freePort(this.stack.schedule, isFree) : binding.port;
    if (port === undefined || !isFree(port)) throw new NetError('EADDRINUSE');
    this.byPort.set(port, binding);
    return {
      port,
      send: (to, toPort, data) => this.send(port, to, toPort, data),
      close: () => {
        if (this.byPort.get(port) === binding) this.byPort.delete(port);
      },
    };
  }

  receive(packet: IpPacket, answerable: boolean, from: NetInterface): void {
    const {counters} = this;
    const {frame, payloadAt, payloadEnd, source} = packet;
    if (!isSound(packet)) {
      counters.inErrors++;
      return;
    }
    const binding = this.byPort.get(readU16(frame, payloadAt + 2));
    if (binding === undefined) {
      counters.noPorts++;
      if (answerable) this.stack.refuse(packet, 'port');
      return;
    }
    counters.inDatagrams++;
    const end = Math.min(payloadEnd, payloadAt + readU16(frame, payloadAt + 4));
    const data = frame.subarray(payloadAt + HEADER_BYTES, end);
    binding.onDatagram({address: source, port: readU16(frame, payloadAt), data}, from);
  }

  failed(failure: IpFailure): void {
    this.byPort.get(readU16(failure.frame, failure.quotedAt))?.onFailure?.(failure);
  }

  /** A datagram with its header, its checksum complete. */
  encode(addresses: {source: IpAddress; destination: IpAddress}, ports: [from: number, to: number], data: Uint8Array) {
    const payload = new Uint8Array(HEADER_BYTES + data.length);
    writeU16(payload, 0, ports[0]);
    writeU16(payload, 2, ports[1]);
    writeU16(payload, 4, payload.length);
    payload.set(data, HEADER_BYTES);
    const begin = pseudoHeaderSum(addresses.source, addresses.destination, PROTOCOL_UDP, payload.length);
    // 0 stands for none.
    writeU16(payload, 6, internetChecksum(payload, 0, payload.length, begin) || 0xffff);
    return payload;
  }

  /** Sends on an interface that has no address yet. */
  sendOn(
    on: NetInterface,
    addresses: {source: IpAddress; destination: IpAddress},
    ports: [number, number],
    data: Uint8Array,
  ): void {
    const payload = this.encode(addresses, ports, data);
    this.counters.outDatagrams++;
    this.stack.sendOn(on, {...addresses, protocol: PROTOCOL_UDP, ttl: DEFAULT_TTL}, payload);
  }

  private send(port: number, destination: IpAddress, toPort: number, data: Uint8Array): SendError | undefined {
    const source = this.stack.routes.lookup(destination)?.source;
    if (source === undefined) return 'ENETUNREACH';
    const payload = this.encode({source, destination}, [port, toPort], data);
    this.counters.outDatagrams++;
    return this.stack.send({destination, protocol: PROTOCOL_UDP, payload, source});
  }
}

/** The length fits, and the checksum, which IPv4 may leave out. @see RFC 8200, 8.1 */
const isSound = ({frame, payloadAt, payloadEnd, source, destination}: IpPacket): boolean => {
  if (payloadEnd - payloadAt < HEADER_BYTES) return false;
  const length = readU16(frame, payloadAt + 4);
  if (length < HEADER_BYTES || payloadAt + length > payloadEnd) return false;
  if (readU16(frame, payloadAt + 6) === 0) return isIpv4(source);
  const begin = pseudoHeaderSum(source, destination, PROTOCOL_UDP, length);
  return internetChecksum(frame, payloadAt, payloadAt + length, begin) === 0;
};
