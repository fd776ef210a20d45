import type {NetDevice} from '../../../frontends/api.ts';
import type {BenchJob} from '../driver.ts';
import type {BenchPoint} from '../point.ts';
import {frameBetween, macOf, type NetPeer, PEER_MAC} from './net-peer.ts';

/** A network interface of a guest, as it is kept busy. */
export interface BusyNic {
  /** Queues a frame; false: there is no room now. */
  put(frame: Uint8Array): boolean;
  /** Has what was put sent. */
  flush(): void;
  /** Has `hears` called with the number of frames that came, and `onRoom` when there is room again. */
  listen(hears: (frames: number) => void, onRoom: () => void): void;
}

/** Any interface that a guest program may have. */
export const deviceNic = (device: NetDevice): BusyNic => ({
  put: (frame) => device.send(frame),
  flush: () => undefined,
  listen: (hears, onRoom) => {
    device.frames.subscribe((frames) => hears(frames.length));
    device.room?.subscribe(onRoom);
  },
});

export interface NetJobOptions {
  readonly point: BenchPoint;
  /** The guest's number, which its address ends with. */
  readonly index: number;
  readonly nic: BusyNic;
  readonly peer: NetPeer;
  /** Waits until the guest's interrupts have been dealt with, where frames are with the peer before these come. */
  readonly pause?: () => Promise<void>;
}

/** Frames from a guest to dom0's end, or from there to the guest: an I/O is over when the frame has come. */
export class NetJob implements BenchJob {
  private readonly point: BenchPoint;
  private readonly index: number;
  private readonly nic: BusyNic;
  private readonly peer: NetPeer;
  private readonly frame: Uint8Array;
  private readonly pause: (() => Promise<void>) | undefined;
  private arrived = 0;
  private wake: () => void = () => undefined;

  constructor({point, index, nic, peer, pause}: NetJobOptions) {
    this.point = point;
    this.index = index;
    this.nic = nic;
    this.peer = peer;
    this.pause = pause;
    this.frame = frameBetween(macOf(index), PEER_MAC, point.sizeBytes);
    const wake = (): void => this.wake();
    const hears = (frames: number): void => {
      this.arrived += frames;
      wake();
    };
    nic.listen(point.operation === 'rx' ? hears : () => undefined, wake);
    peer.listen(index, point.operation === 'tx' ? hears : () => undefined);
  }

  /** The bridge learns where the guest is. */
  introduce(): void {
    this.nic.put(frameBetween(macOf(this.index), PEER_MAC, 60));
    this.nic.flush();
  }

  async run(count: number): Promise<void> {
    this.arrived = 0;
    for (let sent = 0; this.arrived < count;) {
      const woken = new Promise<void>((resolve) => (this.wake = resolve));
      sent += this.send(Math.min(count - sent, this.point.depth - (sent - this.arrived)));
      if (this.arrived < count) await woken;
      await this.pause?.();
    }
  }

  /** How many were taken. */
  private send(frames: number): number {
    if (this.point.operation === 'rx') {
      if (frames > 0) this.peer.send(this.index, frames, this.point.sizeBytes);
      return frames;
    }
    let taken = 0;
    while (taken < frames && this.nic.put(this.frame)) taken++;
    this.nic.flush();
    return taken;
  }
}
