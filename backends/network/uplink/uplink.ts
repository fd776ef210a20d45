import type {HypervisorOps} from '../../../hypervisor/ops.ts';
import type {Bridge} from '../bridge.ts';
import type {BridgeLink, BridgePort} from '../bridge-link.ts';
import {ETH_HLEN, type FrameBatch} from '../frame-batch.ts';
import {FrameFinisher} from '../frame-finisher.ts';
import {FrameSender} from '../frame-sender.ts';
import {ConnectWire} from './connect-wire.ts';
import {DatagramWire} from './datagram-wire.ts';
import {ListenWire} from './listen-wire.ts';
import {formatUplink, type UplinkSpec} from './spec.ts';
import type {Wire, WireEnd} from './wire.ts';

export interface UplinkOptions {
  /** Of the domain that runs the bridge. */
  ops: HypervisorOps;
  bridge: Bridge;
  spec: UplinkSpec;
  /** Told of connections that come and go, a line each. */
  log: (line: string) => void;
}

const MAX_FRAME = 65535;

/** A port of a bridge behind which another program is: passt, QEMU, or another host of ours. */
export class Uplink implements BridgePort {
  /** "stream:/run/passt.socket" */
  readonly name: string;
  /** Frames that the peer was not there for, or too slow, and what came from it that is no frame. */
  dropped = 0;
  private readonly ops: HypervisorOps;
  private readonly finisher: FrameFinisher;
  private readonly wire: Wire;
  private readonly link: BridgeLink;
  private readonly sender: FrameSender;
  private outgoing: Uint8Array[] = [];
  private closed = false;

  /** Throws when the bridge is full. */
  constructor({ops, bridge, spec, log}: UplinkOptions) {
    this.name = formatUplink(spec);
    this.ops = ops;
    this.finisher = new FrameFinisher(ops);
    const link = bridge.attach(this);
    if (link === undefined) throw new Error(`bridge ${bridge.name} has no port for ${this.name}`);
    this.link = link;
    this.sender = new FrameSender(ops, link);
    this.wire = wireOf(spec, {
      schedule: ops.schedule,
      receive: (frames) => this.takeIn(frames),
      report: (change) => log(`uplink ${bridge.name}=${this.name}: ${change}`),
    });
  }

  /** Starts. The program to connect to may come later; rejects when the own socket cannot be had. */
  open(): Promise<void> {
    return this.wire.open();
  }

  /** What goes out is as on a cable: with complete checksums, and cut into segments. */
  receive({offsets, lengths, offloads, count}: FrameBatch): void {
    for (let i = 0; i < count; i++) this.finisher.finish(offsets[i], lengths[i], offloads[i], this.takeOut);
    const frames = this.outgoing;
    this.outgoing = [];
    if (!this.wire.send(frames)) this.dropped += frames.length;
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.link.detach();
    await this.wire.close();
    this.sender.free();
    this.finisher.free();
  }

  private readonly takeOut = (at: number, length: number): void => {
    this.outgoing.push(this.ops.memory.u8.slice(at, at + length));
  };

  private takeIn(frames: readonly Uint8Array[]): void {
    if (this.closed) return;
    const sound = frames.filter(({length}) => length >= ETH_HLEN && length <= MAX_FRAME);
    this.dropped += frames.length - sound.length;
    this.sender.send(sound);
  }
}

const wireOf = (spec: UplinkSpec, end: WireEnd): Wire => {
  if (spec.type === 'stream') return new ConnectWire(spec.path, end);
  if (spec.type === 'listen') return new ListenWire(spec.path, end);
  return new DatagramWire(spec.path, spec.peer, end);
};
