import type {Subject} from 'rxjs';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import type {BridgeLink, BridgePort, FrameBatch, VifPlace} from '../network/index.ts';
import {ControlRequests} from './control-requests.ts';
import {ControlRing} from './control-ring.ts';
import {Credit} from './credit.ts';
import type {NetFeatures} from './features.ts';
import {Flow} from './flow.ts';
import type {FrontendNodes, Reception} from './frontend-nodes.ts';
import {MulticastFilter} from './multicast-filter.ts';
import {PacketHash} from './packet-hash.ts';
import type {PacketTap} from './packet-tap.ts';
import type {NetbackShare} from './share.ts';
import type {VifStats} from './stats.ts';
import {Turns} from './turns.ts';
import type {Fault} from './tx-packet.ts';
import {VifQueue} from './vif-queue.ts';

/** Frames that passed a vif, copies. */
export interface VifFrames {
  /** Host time. */
  readonly timeNs: number;
  /** As the guest sees it. */
  readonly direction: 'tx' | 'rx';
  readonly frames: readonly Uint8Array[];
}

export interface VifOptions {
  ops: HypervisorOps;
  share: NetbackShare;
  /** The guest. */
  domid: number;
  /** "vif1.0" */
  name: string;
  features: NetFeatures;
  nodes: FrontendNodes;
  stats: VifStats;
  captures: Subject<VifFrames>;
  tap: PacketTap;
  /** The guest takes frames, or has not for so long that none are sent to it. */
  onCarrier: (isUp: boolean) => void;
  /** The guest's rings cannot be gone on with; the vif has let go of them. */
  onFault: (fault: Fault) => void;
}

/** A vif while its guest is connected: queues of rings on one side, a port of a bridge on the other. */
export class Vif implements BridgePort {
  readonly name: string;
  readonly filter = new MulticastFilter();
  readonly credit: Credit;
  /** May change while the guest is connected. */
  readonly reception: Reception;
  private readonly options: VifOptions;
  private readonly hash = new PacketHash();
  private readonly flow = new Flow();
  private readonly queues: VifQueue[] = [];
  private control: ControlRing | undefined;
  private stalledQueues = 0;
  private link: BridgeLink | undefined;
  private closed = false;
  private isUp = true;

  /** DeviceError when the guest's rings or ports are not good; nothing stays held then. */
  constructor(options: VifOptions) {
    const {ops, domid, name, nodes} = options;
    this.name = name;
    this.options = options;
    this.reception = nodes.reception;
    this.credit = new Credit(ops.schedule, () => this.queues.forEach((queue) => queue.serve()));
    const {credit, filter, hash} = this;
    const host = {
      ...options,
      reception: nodes.reception,
      credit,
      filter,
      hash,
      turns: new Turns(ops.schedule),
      forward: () => this.forward(),
      onStall: (isStalled: boolean) => this.onStall(isStalled),
      onFault: (fault: Fault) => this.fail(fault),
    };
    try {
      nodes.queues.forEach((each, i) => this.queues.push(new VifQueue(host, i === 0 ? name : `${name}-q${i}`, each)));
      if (nodes.control === undefined) return;
      const statics = this.queues.map((queue) => queue.statics);
      const requests = new ControlRequests({ops, domid, hash, statics, scratch: options.share.scratch});
      this.control = new ControlRing(ops, domid, nodes.control, requests, host.onFault);
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Joins the bridge: frames flow from now on. False when the bridge is full. */
  start({bridge, port}: VifPlace): boolean {
    this.link = bridge.attach(this, port);
    if (this.link === undefined) return false;
    for (const queue of this.queues) queue.listen();
    this.control?.listen();
    return true;
  }

  /** While the link is down nothing passes, in either direction. */
  setLink(isUp: boolean): void {
    this.isUp = isUp;
  }

  receive(batch: FrameBatch): void {
    if (this.closed || !this.isUp) return;
    this.show('rx', batch);
    for (const queue of this.queues) if (!queue.begin()) return;
    const {memory, offsets, lengths, offloads, count} = batch;
    for (let i = 0; i < count; i++) {
      const at = offsets[i];
      if (!this.filter.passes(memory.u8, at)) this.options.stats.rxFiltered++;
      else this.queueOf(memory.u8, at, lengths[i]).give(at, lengths[i], offloads[i]);
    }
    for (const queue of this.queues) queue.end();
  }

  /** Leaves the bridge, lets go of the rings. */
  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.link?.detach();
    this.credit.cancel();
    this.control?.close();
    for (const queue of this.queues) queue.close();
  }

  toString(): string {
    return `${this.name} ${this.queues.join('; ')}`;
  }

  /** The queue for a frame to the guest: as the guest has said, else all of one flow go to one. */
  private queueOf(u8: Uint8Array, at: number, length: number): VifQueue {
    const {queues, hash, flow} = this;
    if (queues.length === 1) return queues[0];
    if (hash.isOn) {
      hash.hash(u8, at, length);
      return queues[hash.queue(queues.length)];
    }
    return queues[flow.find(u8, at, length) ? flow.mix(u8) % queues.length : 0];
  }

  /** Sends what a transmit queue has put together. */
  private forward(): void {
    const {batch} = this.options.share.area;
    this.show('tx', batch);
    if (this.isUp) this.link?.send(batch);
  }

  /** The carrier is off while any queue is stuck. */
  private onStall(isStalled: boolean): void {
    const before = this.stalledQueues;
    this.stalledQueues += isStalled ? 1 : -1;
    if ((before === 0) !== (this.stalledQueues === 0)) this.options.onCarrier(this.stalledQueues === 0);
  }

  private show(direction: VifFrames['direction'], batch: FrameBatch): void {
    const {captures, ops} = this.options;
    if (captures.observed) captures.next({timeNs: ops.schedule.now(), direction, frames: batch.copies()});
  }

  private fail(fault: Fault): void {
    if (this.closed) return;
    this.close();
    this.options.onFault(fault);
  }
}
