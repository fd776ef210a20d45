import type {HypervisorOps} from '../../../hypervisor/ops.ts';
import {
  type BridgeLink,
  type BridgePort,
  ETH_HLEN,
  FrameArea,
  type FrameBatch,
  FrameFinisher,
  NO_OFFLOAD,
  type VifPlace,
} from '../../network/index.ts';

/** Frames that may wait for room in the guest. */
const MAX_WAITING = 256;
/** Frames that the guest sends with one access: 128 KiB go into the bridge together. */
const AREA_PAGES = 32;
/** Without FCS; shorter ones are padded on a real wire. @see IEEE 802.3, minFrameSize */
const MIN_FRAME = 60;
/** What the largest jumbo frames have: no NIC here takes longer ones. */
const MAX_FRAME = 16384;

/** Where frames are put together: empty between two accesses of guests, so that all NICs of a domain share it. */
const areas = new WeakMap<HypervisorOps, FrameArea>();

const areaOf = (ops: HypervisorOps): FrameArea => {
  const area = areas.get(ops) ?? new FrameArea(ops, AREA_PAGES);
  areas.set(ops, area);
  return area;
};

export interface NicPortOptions {
  /** Of the domain that runs the bridge. */
  ops: HypervisorOps;
  place: VifPlace;
  /** "vif1.0-emu" */
  name: string;
}

/** The receiver of an emulated NIC. */
export interface FrameReceiver {
  /**
   * A whole frame of 60 bytes or more, good until this returns. False: the guest has no room for it now, and it is to be
   * offered again after `retry`. A frame that nobody wants is taken and dropped.
   */
  receive(frame: Uint8Array): boolean;
  /** A frame has passed, from the guest or to it. */
  onFrame(): void;
  /** A frame is lost: there was no room for too long. */
  onMissed(): void;
}

/**
 * An emulated NIC's place at a bridge. Frames to the guest are complete (no hardware here takes offloads that a sender left
 * to others) and wait, up to a limit, while the guest has no room.
 */
export class NicPort implements BridgePort {
  readonly name: string;
  /** Whether the cable is in: while it is not, nothing passes. */
  isUp = true;
  private readonly options: NicPortOptions;
  private readonly receiver: FrameReceiver;
  private readonly finisher: FrameFinisher;
  private readonly padded = new Uint8Array(MIN_FRAME);
  private readonly waiting: Uint8Array[] = [];
  private readonly area: FrameArea;
  private link: BridgeLink | undefined;

  constructor(options: NicPortOptions, receiver: FrameReceiver) {
    this.name = options.name;
    this.options = options;
    this.receiver = receiver;
    this.finisher = new FrameFinisher(options.ops);
    this.area = areaOf(options.ops);
  }

  /** Joins the bridge. Throws when that is full. */
  attach(): void {
    const {bridge, port} = this.options.place;
    this.link = bridge.attach(this, port);
    if (this.link === undefined) throw new Error(`bridge ${bridge.name} has no port for ${this.name}`);
  }

  detach(): void {
    this.link?.detach();
    this.link = undefined;
    this.finisher.free();
    this.forget();
  }

  /** Takes a frame of the guest's, up to 65535 bytes, to be sent with the next `flush`. `offload`: what is left to do at it. */
  put(frame: Uint8Array, offload = NO_OFFLOAD): void {
    const {area} = this;
    if (frame.length < ETH_HLEN) return;
    let at = area.reserve(frame.length);
    if (at < 0) {
      this.flush();
      at = area.reserve(frame.length);
    }
    area.batch.memory.u8.set(frame, at);
    area.batch.add(at, frame.length, offload);
    this.receiver.onFrame();
  }

  /** Sends what was put in: at the end of each access of the guest's. */
  flush(): void {
    const {area} = this;
    if (area.batch.count === 0) return;
    if (this.isUp) this.link?.send(area.batch);
    area.reset();
  }

  /** From the bridge. */
  receive(batch: FrameBatch): void {
    if (!this.isUp) return;
    const {offsets, lengths, offloads, count} = batch;
    for (let i = 0; i < count; i++) this.finisher.finish(offsets[i], lengths[i], offloads[i], this.offer);
  }

  /** The guest has made room: offers what waits. */
  retry(): void {
    while (this.waiting.length > 0 && this.deliver(this.waiting[0])) this.waiting.shift();
  }

  /** Drops what waits. */
  forget(): void {
    this.waiting.length = 0;
  }

  /** "vif1.0-emu 2 waiting" */
  toString(): string {
    return `${this.name} ${this.waiting.length} waiting${this.isUp ? '' : ', no cable'}`;
  }

  private deliver(frame: Uint8Array): boolean {
    const isTaken = this.receiver.receive(frame);
    if (isTaken) this.receiver.onFrame();
    return isTaken;
  }

  private readonly offer = (at: number, length: number): void => {
    if (length > MAX_FRAME) return this.receiver.onMissed();
    let frame = this.options.ops.memory.u8.subarray(at, at + length);
    if (length < MIN_FRAME) {
      this.padded.fill(0).set(frame);
      frame = this.padded;
    }
    if (this.waiting.length === 0 && this.deliver(frame)) return;
    if (this.waiting.length < MAX_WAITING) this.waiting.push(frame.slice());
    else this.receiver.onMissed();
  };
}
