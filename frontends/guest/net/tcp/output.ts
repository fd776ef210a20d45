import type {SendOffload} from '../../../api.ts';
import {writeU16} from '../bytes.ts';
import {internetChecksum} from '../checksum.ts';
import {ETHERNET_HEADER_BYTES} from '../ethernet.ts';
import type {NetInterface} from '../interface.ts';
import {DEFAULT_TTL, type IpAddress, isIpv4, payloadAtFor, PROTOCOL_TCP, pseudoHeaderSum} from '../ip.ts';
import type {NetStack} from '../stack.ts';
import type {Endpoints} from './connection.ts';
import {
  ACK,
  RST,
  SYN_OPTION_BYTES,
  type SynOptions,
  TCP_CHECKSUM_AT,
  TCP_HEADER_BYTES,
  writeSegmentHeader,
  writeSynOptions,
} from './segment.ts';
import type {SendBuffer} from './send-buffer.ts';
import type {Sequence} from './sequence.ts';

/** The length of an IP packet is told in 16 bits. */
const MAX_PACKET_BYTES = 65535;

/** What of a connection's send buffer goes into a segment. */
export interface SegmentData {
  buffer: SendBuffer;
  offset: number;
  length: number;
  /** The device is to cut it into segments of so much. */
  segmentBytes: number;
}

/** The fields of a segment that a connection fills in. */
export interface SegmentFields {
  sequence: Sequence;
  acknowledgment: Sequence;
  flags: number;
  window: number;
}

/** The data of a segment in IP packets of up to `mtu` bytes. */
export const segmentBytesFor = (destination: IpAddress, mtu: number): number =>
  Math.min(mtu, MAX_PACKET_BYTES) - (payloadAtFor(destination) - ETHERNET_HEADER_BYTES) - TCP_HEADER_BYTES;

/** Puts segments into packets. */
export class SegmentOutput {
  private readonly stack: NetStack;
  /** Every segment is built here: a device has copied it when it has sent it. */
  private scratch = new Uint8Array(0);

  constructor(stack: NetStack) {
    this.stack = stack;
  }

  /** Sends a segment; without a route it is lost. */
  send(endpoints: Endpoints, fields: SegmentFields, options?: SynOptions, data?: SegmentData): void {
    const {localAddress: source, remoteAddress: destination} = endpoints;
    const path = this.stack.routes.lookup(destination);
    if (path === undefined) return;
    const at = payloadAtFor(destination);
    const frame = this.reserve(at + TCP_HEADER_BYTES + SYN_OPTION_BYTES + (data?.length ?? 0));
    const optionBytes = options === undefined ? 0 : writeSynOptions(frame, at + TCP_HEADER_BYTES, options);
    const headerBytes = TCP_HEADER_BYTES + optionBytes;
    const {localPort: sourcePort, remotePort: destinationPort} = endpoints;
    writeSegmentHeader(frame, at, {sourcePort, destinationPort, ...fields}, headerBytes);
    data?.buffer.copy(data.offset, data.length, frame, at + headerBytes);
    const end = at + headerBytes + (data?.length ?? 0);
    const offload = this.offloadFor(path.interface, destination, data);
    if (offload === undefined) {
      const begin = pseudoHeaderSum(source, destination, PROTOCOL_TCP, end - at);
      writeU16(frame, at + TCP_CHECKSUM_AT, internetChecksum(frame, at, end, begin));
    }
    this.stack.counters.tcp.outSegs++;
    const header = {protocol: PROTOCOL_TCP, ttl: DEFAULT_TTL, source, destination};
    this.stack.sendFrame(path, header, {frame: frame.subarray(0, end), offload});
  }

  /** How many bytes of data may be sent at once: a segment, or as many as the device cuts into segments. */
  maxLength({remoteAddress}: Endpoints, segmentBytes: number): number {
    const offloads = this.stack.routes.lookup(remoteAddress)?.interface.device.offloads;
    const canCut = isIpv4(remoteAddress) ? offloads?.segmentIpv4 : offloads?.segmentIpv6;
    return canCut === true ? segmentBytesFor(remoteAddress, MAX_PACKET_BYTES - ETHERNET_HEADER_BYTES) : segmentBytes;
  }

  private reserve(bytes: number): Uint8Array {
    if (this.scratch.length < bytes) this.scratch = new Uint8Array(2 ** Math.ceil(Math.log2(bytes)));
    return this.scratch;
  }

  private offloadFor(on: NetInterface, destination: IpAddress, data: SegmentData | undefined): SendOffload | undefined {
    const {offloads} = on.device;
    const canSum = isIpv4(destination) ? offloads?.checksumIpv4 : offloads?.checksumIpv6;
    if (canSum !== true) return undefined;
    return data !== undefined && data.length > data.segmentBytes ? {segmentBytes: data.segmentBytes} : {};
  }

  /** Sends a reset: with an acknowledgment where the segment that it answers had none. @see RFC 9293, 3.5.2 */
  reset(endpoints: Endpoints, sequence: Sequence, acknowledgment?: Sequence): void {
    const flags = acknowledgment === undefined ? RST : RST | ACK;
    this.stack.counters.tcp.outRsts++;
    this.send(endpoints, {sequence, acknowledgment: acknowledgment ?? 0, flags, window: 0});
  }
}
