import type {HypervisorOps} from '../../hypervisor/ops.ts';
import type {BridgeLink} from './bridge-link.ts';
import {FrameArea} from './frame-area.ts';

const AREA_PAGES = 32;

/** Sends frames of JavaScript's own into a bridge, by way of pages of the bridge's domain. */
export class FrameSender {
  private readonly area: FrameArea;
  private readonly link: BridgeLink;

  constructor(ops: HypervisorOps, link: BridgeLink) {
    this.area = new FrameArea(ops, AREA_PAGES);
    this.link = link;
  }

  /** Frames of up to 65535 bytes. */
  send(frames: readonly Uint8Array[]): void {
    for (const frame of frames) {
      if (this.area.put(frame)) continue;
      this.flush();
      this.area.put(frame);
    }
    this.flush();
  }

  /** Gives the pages back. */
  free(): void {
    this.area.free();
  }

  private flush(): void {
    if (this.area.batch.count > 0) this.link.send(this.area.batch);
    this.area.reset();
  }
}
