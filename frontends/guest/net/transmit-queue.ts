import type {Subscription} from 'rxjs';
import type {NetDevice, SendOffload} from '../../api.ts';
import type {InterfaceCounters} from './counters.ts';

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
    const isWaiting = this.frames.length > this.sent;
    if (!isWaiting && this.isUp() && this.put(outgoing)) return;
    const mayWait = this.subscription !== undefined && this.isUp() && this.device.carrier;
    if (mayWait && this.frames.length - this.sent < MAX_FRAMES) this.frames.push(kept(outgoing));
    else this.counters.txDropped++;
  }

  close(): void {
    this.subscription?.unsubscribe();
    this.frames = [];
  }

  private drain(): void {
    while (this.sent < this.frames.length && this.put(this.frames[this.sent])) this.sent++;
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
