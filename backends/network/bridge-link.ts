import {type Observable, Subject} from 'rxjs';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import type {Bridge} from './bridge.ts';
import {type FaultCounts, type NetFaults, PortFaults} from './faults/index.ts';
import type {FrameBatch, FrameCapture} from './frame-batch.ts';
import {type PortVlan, VlanPort} from './vlan.ts';

/** Something that can be plugged into a bridge. */
export interface BridgePort {
  /** "vif1.0" */
  readonly name: string;
  /** Takes frames from the bridge: copies what it wants before it returns, and sends nothing meanwhile. */
  receive(batch: FrameBatch): void;
}

export interface PortOptions {
  /** Its own address, if frames to it are to be known from the start. */
  mac?: Uint8Array;
  vlan?: PortVlan;
  /** Frames pass only between it and ports that are not isolated. @see Linux, bridge(8), "isolated" */
  isolated?: boolean;
}

/** The bridge's side of one port. Counters are as the bridge sees them: in is from the port. */
export class BridgeLink {
  readonly id: number;
  readonly port: BridgePort;
  /** What the port gets of the batch that the bridge has at hand, if anything. */
  outgoing: FrameBatch | undefined;
  readonly vlan: VlanPort;
  readonly isolated: boolean;
  inFrames = 0;
  outFrames = 0;
  /** What its faults have done. */
  readonly faultCounts: FaultCounts = {lost: 0, duplicated: 0, held: 0};
  private readonly ops: HypervisorOps;
  private readonly bridge: Bridge;
  private faults: PortFaults | undefined;
  private readonly captures = new Subject<FrameCapture>();

  /** @see Bridge.attach */
  constructor(bridge: Bridge, id: number, port: BridgePort, ops: HypervisorOps, options: PortOptions) {
    this.ops = ops;
    this.bridge = bridge;
    this.id = id;
    this.port = port;
    this.vlan = new VlanPort(options.vlan ?? {});
    this.isolated = options.isolated ?? false;
  }

  /** Frames that pass the port, in both directions; copied only while somebody looks. Completes when it goes. */
  get frames(): Observable<FrameCapture> {
    return this.captures.asObservable();
  }

  /** Sends frames into the bridge: they are where they go when it returns. */
  send(batch: FrameBatch): void {
    this.inFrames += batch.count;
    if (this.faults === undefined) this.bridge.forward(this, batch);
    else this.faults.in.pass(batch);
  }

  /** Called by the bridge: hands frames to the port. */
  deliver(outgoing: FrameBatch, nowNs: number): void {
    this.outFrames += outgoing.count;
    this.show('out', outgoing, nowNs);
    if (this.faults === undefined) this.port.receive(outgoing);
    else this.faults.out.pass(outgoing);
  }

  /** Called by the bridge: tells those who look. */
  show(direction: FrameCapture['direction'], batch: FrameBatch, timeNs: number): void {
    if (this.captures.observed) this.captures.next(this.capture(direction, batch, timeNs));
  }

  capture(direction: FrameCapture['direction'], batch: FrameBatch, timeNs: number): FrameCapture {
    return {timeNs, port: this.port.name, direction, frames: batch.copies()};
  }

  /** Called by the bridge: what goes wrong from now on; {} for nothing. */
  inject(faults: NetFaults): void {
    this.faults?.close();
    this.faults =
      Object.keys(faults).length === 0
        ? undefined
        : new PortFaults({
            ops: this.ops,
            faults,
            counts: this.faultCounts,
            takeIn: (batch) => this.bridge.forward(this, batch),
            takeOut: (batch) => this.port.receive(batch),
          });
  }

  /** Unplugs the port. */
  detach(): void {
    this.faults?.close();
    this.bridge.detach(this);
    this.captures.complete();
  }
}
