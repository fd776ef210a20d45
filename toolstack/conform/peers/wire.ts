import {
  type Bridge,
  type BridgeLink,
  type BridgePort,
  FrameArea,
  type FrameBatch,
} from '../../../backends/network/index.ts';
import type {HypervisorOps} from '../../../hypervisor/index.ts';

/** Pages for what is sent at a time. */
const AREA_PAGES = 48;

/** A frame as it was on the wire. */
export interface WireFrame {
  readonly bytes: Uint8Array;
  /** What is left to do at it. @see backends/network/offload.ts */
  readonly offload: number;
}

/** A station on the bridge to which the backend under test belongs: sees what guests send, sends what it likes. */
export class Wire implements BridgePort {
  readonly name = 'wire';
  readonly frames: WireFrame[] = [];
  private readonly area: FrameArea;
  private readonly link: BridgeLink;

  constructor(ops: HypervisorOps, bridge: Bridge) {
    this.area = new FrameArea(ops, AREA_PAGES);
    const link = bridge.attach(this);
    if (link === undefined) throw new Error('the bridge is full');
    this.link = link;
  }

  receive({memory, offsets, lengths, offloads, count}: FrameBatch): void {
    for (let i = 0; i < count; i++)
      this.frames.push({bytes: memory.u8.slice(offsets[i], offsets[i] + lengths[i]), offload: offloads[i]});
  }

  /** What came since this was last asked. */
  take(): WireFrame[] {
    return this.frames.splice(0);
  }

  /** Sends frames as one batch. */
  send(...frames: readonly (Uint8Array | WireFrame)[]): void {
    const {batch} = this.area;
    for (const frame of frames) {
      const {bytes, offload} = frame instanceof Uint8Array ? {bytes: frame, offload: 0} : frame;
      const at = this.area.reserve(bytes.length);
      if (at < 0) throw new Error('too much at a time');
      batch.memory.u8.set(bytes, at);
      batch.add(at, bytes.length, offload);
    }
    this.link.send(batch);
    this.area.reset();
  }
}
