import type {NetDevice} from '../../../frontends/api.ts';

/** A guest's interface as its programs use it. */
export interface GuestNic {
  mac(): Promise<Uint8Array>;
  mtu(): Promise<number>;
  hasCarrier(): Promise<boolean>;
  /** Frames that are not taken are dropped. Resolves when all have been handed to the driver. */
  send(...frames: readonly Uint8Array[]): Promise<void>;
  /**
   * A packet of which others are to make the checksum, and which they are to cut into segments of so many bytes unless that is
   * 0. Kernels do that unasked, or not at all.
   */
  sendUncut?(frame: Uint8Array, segmentBytes: number): Promise<void>;
  /** The frames that came since the last call. */
  take(): Promise<Uint8Array[]>;
}

/** The interface that a driver in this process handed out. */
export class DriverNic implements GuestNic {
  readonly device: NetDevice;
  private readonly received: Uint8Array[] = [];

  constructor(device: NetDevice) {
    this.device = device;
    device.frames.subscribe((frames) => this.received.push(...frames));
  }

  async mac(): Promise<Uint8Array> {
    return this.device.mac;
  }

  async mtu(): Promise<number> {
    return this.device.mtu;
  }

  async hasCarrier(): Promise<boolean> {
    return this.device.carrier;
  }

  async send(...frames: readonly Uint8Array[]): Promise<void> {
    for (const frame of frames) this.device.send(frame);
  }

  async sendUncut(frame: Uint8Array, segmentBytes: number): Promise<void> {
    this.device.send(frame, {segmentBytes});
  }

  async take(): Promise<Uint8Array[]> {
    return this.received.splice(0);
  }
}
