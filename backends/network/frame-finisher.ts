import type {HypervisorOps} from '../../hypervisor/ops.ts';
import {PAGE_SIZE} from '../../hypervisor/memory/index.ts';
import {FrameArea} from './frame-area.ts';
import {getBe16, putBe16} from './inet.ts';
import {NO_OFFLOAD, segmentBytes} from './offload.ts';
import {blankChecksum, completeChecksum, findTransport, setIpHeader, type Transport} from './transport.ts';

/** A segment with its headers lies in one page of ours, whatever the sender asks for. */
const MAX_SEGMENT_FRAME = PAGE_SIZE;

const TCP_SEQUENCE = 4;
const TCP_FLAGS = 13;
const TCP_FIN = 0x01;
const TCP_PSH = 0x08;
const TCP_CWR = 0x80;

/**
 * Does what a sender left to do, for a receiver that cannot: completes checksums, and cuts long TCP packets into segments.
 */
export class FrameFinisher {
  private readonly ops: HypervisorOps;
  private area: FrameArea | undefined;

  constructor(ops: HypervisorOps) {
    this.ops = ops;
  }

  /** Hands on the complete frames that come of one of which there is `leftToDo`. They are good until `take` returns. */
  finish(at: number, length: number, offload: number, take: (at: number, length: number) => void): void {
    const {u8} = this.ops.memory;
    const transport = offload === NO_OFFLOAD ? undefined : findTransport(u8, at, length);
    if (transport === undefined) return take(at, length);
    const size = segmentBytes(offload);
    if (size > 0 && transport.end - transport.payload > size) return this.segment(u8, at, transport, size, take);
    // In place: others who get the frame are to find it as it was.
    const blank = getBe16(u8, transport.checksum);
    completeChecksum(u8, transport);
    take(at, length);
    putBe16(u8, transport.checksum, blank);
  }

  /** @see RFC 9293; Linux, Documentation/networking/segmentation-offloads.rst */
  private segment(
    u8: Uint8Array,
    at: number,
    whole: Transport,
    size: number,
    take: (at: number, length: number) => void,
  ): void {
    const {ip, header, payload, end} = whole;
    const headers = payload - at;
    const each = Math.min(size, MAX_SEGMENT_FRAME - headers);
    const area = (this.area ??= new FrameArea(this.ops, 1));
    const flags = u8[header + TCP_FLAGS];
    for (let from = payload, count = 0; from < end; from += each, count++) {
      const to = Math.min(from + each, end);
      area.reset();
      const start = area.reserve(headers + to - from);
      u8.copyWithin(start, at, payload);
      u8.copyWithin(start + headers, from, to);
      const move = start - at;
      const part: Transport = {
        ...whole,
        ip: ip + move,
        header: header + move,
        payload: payload + move,
        end: start + headers + to - from,
        checksum: whole.checksum + move,
      };
      setIpHeader(u8, part, count);
      addToSequence(u8, part.header + TCP_SEQUENCE, from - payload);
      const cleared = (to < end ? TCP_FIN | TCP_PSH : 0) | (count > 0 ? TCP_CWR : 0);
      u8[part.header + TCP_FLAGS] = flags & ~cleared;
      blankChecksum(u8, part);
      completeChecksum(u8, part);
      take(start, part.end - start);
    }
  }

  /** Gives its pages back. */
  free(): void {
    this.area?.free();
    this.area = undefined;
  }
}

const addToSequence = (u8: Uint8Array, at: number, bytes: number): void => {
  const sequence = getBe16(u8, at) * 0x10000 + getBe16(u8, at + 2) + bytes;
  putBe16(u8, at, (sequence / 0x10000) & 0xffff);
  putBe16(u8, at + 2, sequence & 0xffff);
};
