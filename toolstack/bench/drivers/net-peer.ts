import {
  type Bridge,
  type BridgeLink,
  type BridgePort,
  FrameArea,
  type FrameBatch,
  leftToDo,
  NO_OFFLOAD,
} from '../../../backends/network/index.ts';
import {PAGE_SIZE} from '../../../hypervisor/memory/index.ts';
import type {HypervisorOps} from '../../../hypervisor/ops.ts';

const MAX_FRAMES = 256;
const SOURCE_AT = 6;
const LAST_BYTE = 5;

/** An MTU of 1500 and the Ethernet header; what is longer is a TCP packet that is still to be cut. */
export const MAX_FRAME = 1514;
export const SEGMENT_BYTES = 1448;

/** Address of a guest, from 0 to 254, or of dom0's end, which is 255. */
export const macOf = (index: number): Uint8Array => Uint8Array.of(0, 0x16, 0x3e, 0, 0, index);

export const PEER_MAC = macOf(255);

/** Dom0's end of the network: hears what guests send, and sends what they are to get. */
export class NetPeer implements BridgePort {
  readonly name = 'peer';
  private readonly link: BridgeLink;
  private readonly area: FrameArea;
  private readonly listeners = new Map<number, (frames: number) => void>();

  constructor(ops: HypervisorOps, bridge: Bridge) {
    const link = bridge.attach(this, {mac: PEER_MAC});
    if (link === undefined) throw new Error(`bridge ${bridge.name} has no port left`);
    this.link = link;
    this.area = new FrameArea(ops, (MAX_FRAMES * 2048) / PAGE_SIZE);
  }

  /** Has `hears` called for the frames of a guest, by its number. */
  listen(index: number, hears: (frames: number) => void): void {
    this.listeners.set(index, hears);
  }

  receive({memory, offsets, count}: FrameBatch): void {
    const {u8} = memory;
    for (let i = 0; i < count; i++) this.listeners.get(u8[offsets[i] + SOURCE_AT + LAST_BYTE])?.(1);
  }

  /** Sends so many frames to a guest: 256 at most of up to 1514 bytes, 8 longer ones. */
  send(index: number, count: number, sizeBytes: number): void {
    const {area} = this;
    const {batch} = area;
    const frame = frameBetween(PEER_MAC, macOf(index), sizeBytes);
    for (let i = 0; i < count; i++) {
      const at = area.reserve(sizeBytes);
      const {u8} = batch.memory;
      u8.set(frame, at);
      const offload = sizeBytes > MAX_FRAME ? leftToDo(u8, at, sizeBytes, SEGMENT_BYTES) : NO_OFFLOAD;
      batch.add(at, sizeBytes, offload);
    }
    this.link.send(batch);
    area.reset();
  }
}

/** A frame of a type that nobody knows; a long one is of TCP over IPv4. */
export const frameBetween = (from: Uint8Array, to: Uint8Array, sizeBytes: number): Uint8Array => {
  const frame = new Uint8Array(sizeBytes);
  const addresses = [...to, ...from];
  frame.set(sizeBytes > MAX_FRAME ? [...addresses, ...tcpHeaders(sizeBytes)] : [...addresses, 0x88, 0xb5]);
  return frame;
};

/** From the EtherType on: from 10.0.0.1 to 10.0.0.2, ports, numbers and checksums 0. */
const tcpHeaders = (sizeBytes: number): number[] => {
  const ipBytes = sizeBytes - 14;
  const ip = [0x45, 0, ipBytes >>> 8, ipBytes & 255, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2];
  const tcp = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 5 << 4];
  return [0x08, 0x00, ...ip, ...tcp];
};
