import {type Observable, Subject} from 'rxjs';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import type {Bridge} from './bridge.ts';
import type {BridgeLink, BridgePort} from './bridge-link.ts';
import {ETH_HLEN, type FrameBatch} from './frame-batch.ts';
import {FrameFinisher} from './frame-finisher.ts';
import {FrameSender} from './frame-sender.ts';
import {isGroup, macHigh, macLow} from './mac.ts';

export interface InterfaceOptions {
  /** Of the domain that runs the bridge. */
  ops: HypervisorOps;
  bridge: Bridge;
  /** "dom0" */
  name: string;
  mac: Uint8Array;
  /** Gets every frame that the bridge sends it, not only those to its address. */
  promiscuous?: boolean;
}

/** Frames under way in one direction at most; those beyond it are dropped. */
const MAX_QUEUED = 1024;
const MAX_FRAME = 65535;

/**
 * A network interface of the bridge's own domain: where programs of the host send and receive frames. Both directions
 * go through the run queue, so a subscriber of `frames` may send at once.
 */
export class BridgeInterface implements BridgePort {
  readonly name: string;
  readonly mac: Uint8Array;
  readonly bridge: Bridge;
  dropped = 0;
  private readonly ops: HypervisorOps;
  private readonly promiscuous: boolean;
  private readonly link: BridgeLink;
  private readonly sender: FrameSender;
  private readonly finisher: FrameFinisher;
  private readonly received = new Subject<readonly Uint8Array[]>();
  private incoming: Uint8Array[] = [];
  private outgoing: Uint8Array[] = [];
  private closed = false;

  /** Throws when the bridge is full. */
  constructor(options: InterfaceOptions) {
    this.name = options.name;
    this.mac = options.mac;
    this.bridge = options.bridge;
    this.ops = options.ops;
    this.promiscuous = options.promiscuous ?? false;
    this.finisher = new FrameFinisher(options.ops);
    const link = options.bridge.attach(this, {mac: options.mac});
    if (link === undefined) throw new Error(`bridge ${options.bridge.name} has no port for ${options.name}`);
    this.link = link;
    this.sender = new FrameSender(options.ops, link);
  }

  /** Frames received, in batches; they are the subscriber's to keep. Completes when the interface is closed. */
  get frames(): Observable<readonly Uint8Array[]> {
    return this.received.asObservable();
  }

  /** Queues frames of 14..65535 bytes. Returns how many were taken: the others are counted as dropped. */
  send(frames: readonly Uint8Array[]): number {
    if (this.closed) return 0;
    if (this.outgoing.length === 0 && frames.length > 0) this.ops.schedule.post(() => this.flush());
    const room = MAX_QUEUED - this.outgoing.length;
    const taken = frames.filter(({length}) => length >= ETH_HLEN && length <= MAX_FRAME).slice(0, room);
    this.outgoing.push(...taken);
    this.dropped += frames.length - taken.length;
    return taken.length;
  }

  receive(batch: FrameBatch): void {
    if (!this.received.observed) return;
    const {memory, offsets, lengths, offloads, count} = batch;
    if (this.incoming.length === 0) this.ops.schedule.post(() => this.emit());
    for (let i = 0; i < count; i++) {
      if (this.isMine(memory.u8, offsets[i])) this.finisher.finish(offsets[i], lengths[i], offloads[i], this.take);
    }
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.link.detach();
    this.sender.free();
    this.finisher.free();
    this.received.complete();
  }

  private readonly take = (at: number, length: number): void => {
    if (this.incoming.length >= MAX_QUEUED) this.dropped++;
    else this.incoming.push(this.ops.memory.u8.slice(at, at + length));
  };

  private isMine(u8: Uint8Array, at: number): boolean {
    const high = macHigh(u8, at);
    if (this.promiscuous || isGroup(high)) return true;
    return high === macHigh(this.mac, 0) && macLow(u8, at) === macLow(this.mac, 0);
  }

  private emit(): void {
    const frames = this.incoming;
    this.incoming = [];
    if (!this.closed && frames.length > 0) this.received.next(frames);
  }

  private flush(): void {
    const frames = this.outgoing;
    this.outgoing = [];
    if (!this.closed) this.sender.send(frames);
  }
}
