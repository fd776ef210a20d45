import {type Observable, Subject} from 'rxjs';
import type {DomainMemory} from '../../hypervisor/memory/index.ts';
import type {HypervisorOps} from '../../hypervisor/ops.ts';
import type {TaskQueue} from '../../hypervisor/schedule/index.ts';
import {BridgeLink, type BridgePort, type PortOptions} from './bridge-link.ts';
import {
  type BridgeAddress,
  type BridgeOptions,
  DEFAULT_AGEING_NS,
  DEFAULT_MAX_ADDRESSES,
  DEFAULT_MAX_PORTS,
} from './bridge-options.ts';
import type {NetFaults} from './faults/index.ts';
import {FrameBatch, type FrameCapture} from './frame-batch.ts';
import {ETH_ALEN, formatMac, isGroup, macHigh, macLow} from './mac.ts';
import {MacTable, NO_PORT} from './mac-table.ts';
import {NO_VLAN, NOT_ADMITTED, VlanFrame} from './vlan.ts';

/** Above these bits of an address's first number the tables have its VLAN. */
const MAC_HIGH_BITS = 16;
type Destination = BridgeLink | 'all' | 'none';

/**
 * A learning switch. It forwards references: a frame's bytes stay where the sender's batch has them until each port
 * that gets the frame has taken its copy.
 */
export class Bridge {
  readonly name: string;
  /** Frames of which the source address is none: a group's, or nobody's. */
  invalid = 0;
  /** Frames that went to every port. */
  flooded = 0;
  /** Frames of a VLAN that their port is not in. */
  filtered = 0;
  private readonly ops: HypervisorOps;
  private readonly memory: DomainMemory;
  private readonly schedule: TaskQueue;
  private readonly maxPorts: number;
  private readonly table: MacTable;
  /** By id, with gaps where ports went away. */
  private readonly linksById: (BridgeLink | undefined)[] = [];
  /** Those that get something of the batch at hand. */
  private readonly touched: BridgeLink[] = [];
  /** Used again by whichever port gets something next: one that the CPU's cache has. */
  private readonly spares: FrameBatch[] = [];
  private readonly captures = new Subject<FrameCapture>();
  /** The one under way. */
  private readonly frame: VlanFrame;
  private readonly defaultFaults: NetFaults;
  /** By the port's name: they stay while it comes and goes. */
  private readonly faults = new Map<string, NetFaults>();
  private forwarding = false;
  /** Some port is isolated, or has to do with VLANs. */
  private isDivided = false;

  constructor(options: BridgeOptions) {
    this.name = options.name;
    this.ops = options.ops;
    this.memory = options.ops.memory;
    this.schedule = options.ops.schedule;
    this.frame = new VlanFrame(options.ops);
    this.defaultFaults = options.faults ?? {};
    this.maxPorts = options.maxPorts ?? DEFAULT_MAX_PORTS;
    this.table = new MacTable({
      seed: this.schedule.random(),
      limit: options.maxAddresses ?? DEFAULT_MAX_ADDRESSES,
      ageingNs: options.ageingNs ?? DEFAULT_AGEING_NS,
    });
  }

  /** What comes in at all ports, a batch each; frames are copied only while somebody looks. */
  get frames(): Observable<FrameCapture> {
    return this.captures.asObservable();
  }

  get links(): readonly BridgeLink[] {
    return this.linksById.filter((link) => link !== undefined);
  }

  /** The addresses known now. */
  get addresses(): BridgeAddress[] {
    const nowNs = this.schedule.now();
    return Array.from(this.table.entries(nowNs), ({high, low, port, fixed, seenNs}) => ({
      mac: formatMac(Uint8Array.of(high >>> 8, high, low >>> 24, low >>> 16, low >>> 8, low)),
      vlan: high >>> MAC_HIGH_BITS,
      port: this.linksById[port]?.port.name ?? '',
      isLocal: fixed,
      ageNs: fixed ? 0 : nowNs - seenNs,
    }));
  }

  /**
   * Adds a port. Undefined when the bridge has all the ports that it may have.
   */
  attach(port: BridgePort, options: PortOptions = {}): BridgeLink | undefined {
    const gap = this.linksById.indexOf(undefined);
    const id = gap < 0 ? this.linksById.length : gap;
    if (id >= this.maxPorts) return undefined;
    const link = new BridgeLink(this, id, port, this.ops, options);
    this.linksById[id] = link;
    link.inject(this.faultsOf(port.name));
    const {mac, vlan, isolated} = options;
    this.isDivided ||= vlan !== undefined || isolated === true;
    const vlanHigh = (vlan?.tag ?? NO_VLAN) << MAC_HIGH_BITS;
    if (mac !== undefined) this.table.fix(macHigh(mac, 0) | vlanHigh, macLow(mac, 0), id, this.schedule.now());
    return link;
  }

  /** What goes wrong at the port of that name, whether it is there or not. */
  faultsOf(port: string): NetFaults {
    return this.faults.get(port) ?? this.defaultFaults;
  }

  /** From now on this goes wrong at the port of that name, also after it was away; {} for nothing. */
  inject(port: string, faults: NetFaults): void {
    this.faults.delete(port);
    const [oldest] = this.faults.keys();
    if (this.faults.size >= this.maxPorts) this.faults.delete(oldest);
    this.faults.set(port, faults);
    for (const link of this.links) if (link.port.name === port) link.inject(faults);
  }

  /** Called by the link. */
  detach(link: BridgeLink): void {
    if (this.linksById[link.id] !== link) return;
    this.linksById[link.id] = undefined;
    this.table.forgetPort(link.id);
  }

  /**
   * Called by the link: sends each frame of the batch on its way. The ports have copied what they want when it returns.
   * A port must not send from within `receive`.
   */
  forward(from: BridgeLink, batch: FrameBatch): void {
    if (this.forwarding) throw new Error(`bridge ${this.name}: ${from.port.name} sends while it receives`);
    if (batch.memory !== this.memory) throw new Error(`bridge ${this.name}: frames lie in another domain's memory`);
    this.forwarding = true;
    const nowNs = this.schedule.now();
    if (this.captures.observed) this.captures.next(from.capture('in', batch, nowNs));
    from.show('in', batch, nowNs);
    this.sort(from, batch, nowNs);
    this.deliver(nowNs);
    this.forwarding = false;
  }

  toString(): string {
    return `bridge ${this.name} ${this.links.length} ports, ${this.table.size} addresses`;
  }

  /** Puts each frame on the list of the ports that get it. Frames of a batch often have the same addresses. */
  private sort(from: BridgeLink, batch: FrameBatch, nowNs: number): void {
    const {u8} = this.memory;
    const {frame} = this;
    let seenHigh = -1;
    let seenLow = -1;
    let toHigh = -1;
    let toLow = -1;
    let to: Destination = 'none';
    for (let i = 0; i < batch.count; i++) {
      const at = batch.offsets[i];
      const sourceHigh = macHigh(u8, at + ETH_ALEN);
      const sourceLow = macLow(u8, at + ETH_ALEN);
      if (isGroup(sourceHigh) || (sourceHigh | sourceLow) === 0) {
        this.invalid++;
        continue;
      }
      frame.begin(at, batch.lengths[i], batch.offloads[i]);
      if (this.isDivided && !this.classify(from)) continue;
      const vlanBits = frame.vlan << MAC_HIGH_BITS;
      if (sourceLow !== seenLow || (sourceHigh | vlanBits) !== seenHigh) {
        seenHigh = sourceHigh | vlanBits;
        seenLow = sourceLow;
        this.table.learn(seenHigh, seenLow, from.id, nowNs);
        toHigh = -1;
      }
      const high = macHigh(u8, at) | vlanBits;
      const low = macLow(u8, at);
      if (low !== toLow || high !== toHigh) {
        toHigh = high;
        toLow = low;
        to = this.destination(high, low, nowNs);
      }
      if (to === 'all') this.flood(from, nowNs);
      else if (to !== 'none') this.pass(from, to, nowNs);
    }
  }

  private classify(from: BridgeLink): boolean {
    const {at, length} = this.frame;
    this.frame.vlan = from.vlan.classify(this.memory.u8, at, length);
    if (this.frame.vlan !== NOT_ADMITTED) return true;
    this.filtered++;
    return false;
  }

  private destination(high: number, low: number, nowNs: number): Destination {
    if (isGroup(high)) return isReserved(high & 0xffff, low) ? 'none' : 'all';
    const id = this.table.lookup(high, low, nowNs);
    return (id === NO_PORT ? undefined : this.linksById[id]) ?? 'all';
  }

  private flood(from: BridgeLink, nowNs: number): void {
    this.flooded++;
    for (const link of this.linksById) if (link !== undefined) this.pass(from, link, nowNs);
  }

  private pass(from: BridgeLink, to: BridgeLink, nowNs: number): void {
    if (to === from) return;
    const {frame} = this;
    if (!this.isDivided) return this.enqueue(to, frame.at, frame.length);
    if ((from.isolated && to.isolated) || !to.vlan.carries(frame.vlan)) return;
    const tagged = to.vlan.tags(frame.vlan);
    if (!frame.shape(tagged)) {
      // What waits has its place in the room for copies.
      this.deliver(nowNs);
      frame.shape(tagged);
    }
    this.enqueue(to, frame.shapedAt, frame.shapedLength);
  }

  private enqueue(link: BridgeLink, at: number, length: number): void {
    if (link.outgoing === undefined) {
      link.outgoing = this.spares.pop() ?? new FrameBatch(this.memory);
      this.touched.push(link);
    }
    link.outgoing.add(at, length, this.frame.offload);
  }

  /** Hands each port what it gets. */
  private deliver(nowNs: number): void {
    for (const link of this.touched) {
      const batch = link.outgoing;
      if (batch === undefined) continue;
      link.deliver(batch, nowNs);
      batch.clear();
      link.outgoing = undefined;
      this.spares.push(batch);
    }
    this.touched.length = 0;
    this.frame.reset();
  }
}

/** 01:80:c2:00:00:00 to :0f stay on their link. @see IEEE 802.1D, "Reserved addresses" */
const isReserved = (high: number, low: number): boolean => high === 0x0180 && (low & ~0xf) === (0xc2000000 | 0);
