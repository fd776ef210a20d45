import {
  type Bridge,
  FrameArea,
  type BridgeLink,
  type BridgePort,
  type FrameBatch,
} from '../../../backends/network/index.ts';
import {PAGE_SIZE} from '../../../hypervisor/memory/index.ts';
import type {HypervisorOps} from '../../../hypervisor/ops.ts';

const MAX_FRAMES = 256;
const SOURCE_AT = 6;
const MAC_BYTES = 6;
const LAST_BYTE = 5;

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

  /** Sends so many frames of up to 1514 bytes to a guest, 256 at most. */
  send(index: number, count: number, sizeBytes: number): void {
    const frame = frameBetween(PEER_MAC, macOf(index), sizeBytes);
    for (let i = 0; i < count; i++) this.area.put(frame);
    this.link.send(this.area.batch);
    this.area.reset();
  }
}

/** A frame of a type that nobody knows. */
export const frameBetween = (from: Uint8Array, to: Uint8Array, sizeBytes: number): Uint8Array => {
  const frame = new Uint8Array(sizeBytes);
  frame.set(to, 0);
  frame.set(from, MAC_BYTES);
  frame.set([0x88, 0xb5], 2 * MAC_BYTES);
  return frame;
};
