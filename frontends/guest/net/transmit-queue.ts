import type {Subscription} from 'rxjs';
import type {NetDevice, SendOffload} from '../../api.ts';
import type {InterfaceCounters} from './counters.ts';
import {ETHERNET_HEADER_BYTES, ETHERTYPE_IPV6, etherType} from './ethernet.ts';

/** A frame on its way out: good for the call. */
export interface OutgoingFrame {
  frame: Uint8Array;
  /** What is left to the device. */
  offload?: SendOffload;
  /** No neighbour answered for the next hop. */
  onUnreachable?: () => void;
}

/** Who keeps a frame copies it: it is built where the next one will be. */
export const kept = (outgoing: OutgoingFrame): OutgoingFrame => ({...outgoing, frame: outgoing.frame.slice()});

/** As many as Linux's default. */
const MAX_FRAMES = 1000;

/** What a device has no room for at the moment: a connection's burst is not to be lost in its own machine. */
export class TransmitQueue {
  private readonly device: NetDevice;
  private readonly counters: InterfaceCounters;
  private readonly isUp: () => boolean;
  private readonly subscription: Subscription | undefined;
  private frames: OutgoingFrame[] = [];
  /** Of `frames`, those that are sent. */
  private sent = 0;

  constructor(device: NetDevice, counters: InterfaceCounters, isUp: () => boolean) {
    this.device = device;
    this.counters = counters;
    this.isUp = isUp;
    this.subscription = device.room?.subscribe(() => this.drain());
  }

  send(outgoing: OutgoingFrame): void {
    // A device that was connected anew has said nothing of room.
    if (this.waiting > 0) this.drain();
    if (this.waiting === 0 && this.isUp() && this.put(outgoing)) return;
    const mayWait = this.subscription !== undefined && this.isUp() && this.device.carrier;
    if (mayWait && this.waiting < MAX_FRAMES && isTaken(this.device, outgoing)) this.frames.push(kept(outgoing));
    else this.counters.txDropped++;
  }

  close(): void {
    this.subscription?.unsubscribe();
    this.frames = [];
  }

  private get waiting(): number {
    return this.frames.length - this.sent;
  }

  private drain(): void {
    for (; this.waiting > 0; this.sent++) {
      const first = this.frames[this.sent];
      if (this.put(first)) continue;
      if (isTaken(this.device, first)) break;
      this.counters.txDropped++;
    }
    if (this.sent === this.frames.length) this.frames = [];
    else if (this.sent < MAX_FRAMES) return;
    else this.frames = this.frames.slice(this.sent);
    this.sent = 0;
  }

  private put({frame, offload}: OutgoingFrame): boolean {
    if (!this.device.send(frame, offload)) return false;
    this.counters.txPackets++;
    this.counters.txBytes += frame.length;
    return true;
  }
}

/** The device would send such a frame if it had room: what it offers may be less than when the frame was made. */
const isTaken = ({mtu, offloads}: NetDevice, {frame, offload}: OutgoingFrame): boolean => {
  const isIpv6 = etherType(frame) === ETHERTYPE_IPV6;
  const canSum = isIpv6 ? offloads?.checksumIpv6 : offloads?.checksumIpv4;
  const canCut = isIpv6 ? offloads?.segmentIpv6 : offloads?.segmentIpv4;
  if (offload?.segmentBytes !== undefined) return canCut === true;
  return frame.length <= mtu + ETHERNET_HEADER_BYTES && (offload === undefined || canSum === true);
};
