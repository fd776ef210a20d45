import type {Subscription} from 'rxjs';
import type {TaskQueue} from '../../../hypervisor/schedule/index.ts';
import type {NetDevice} from '../../api.ts';
import {formatMac, type Ipv4, LIMITED_BROADCAST} from './address.ts';
import {broadcastOf, type Cidr, isInNetwork} from './cidr.ts';
import {type InterfaceCounters, type NetCounters, newInterfaceCounters} from './counters.ts';
import {
  BROADCAST_MAC,
  ETHERNET_HEADER_BYTES,
  etherType,
  isBroadcast,
  isMulticast6Mac,
  isSameMac,
  setDestination,
} from './ethernet.ts';
import {type IpAddress, isIpv4} from './ip.ts';
import {ALL_NODES, isLinkLocal, isMulticast6, multicastMac, solicitedNode} from './ipv6/address.ts';
import {Neighbours} from './neighbours.ts';
import {type OutgoingFrame, TransmitQueue} from './transmit-queue.ts';

export interface InterfaceOptions {
  index: number;
  device: NetDevice;
  schedule: TaskQueue;
  counters: NetCounters;
  /** Addresses are not resolved: the device is the loopback. */
  isLoopback: boolean;
  /** Gets the frames that are meant for us, by their type; false when nobody takes that type. */
  receive: (from: NetInterface, frame: Uint8Array, type: number) => boolean;
  /** The frames of one event have all been received. */
  endBatch: () => void;
  /** Asks who has an address. */
  ask: (from: NetInterface, address: IpAddress) => void;
  /** Addresses or `up` are others now. */
  onChange: () => void;
}

/** A network device with its addresses: Ethernet in and out. */
export class NetInterface {
  readonly index: number;
  readonly device: NetDevice;
  readonly isLoopback: boolean;
  readonly counters: InterfaceCounters = newInterfaceCounters();
  readonly neighbours: Neighbours;
  /** An address is being asked for by DHCP: answers may come to one that is not ours yet. */
  isConfiguring = false;
  private isUp = true;
  private own: readonly Cidr[] = [];
  /** Multicast addresses that the device is to hear. */
  private groups: ReadonlySet<string> = new Set();
  private readonly options: InterfaceOptions;
  private readonly subscription: Subscription;
  private readonly queue: TransmitQueue;

  constructor(options: InterfaceOptions) {
    this.index = options.index;
    this.device = options.device;
    this.isLoopback = options.isLoopback;
    this.options = options;
    this.queue = new TransmitQueue(options.device, this.counters, () => this.up);
    this.neighbours = new Neighbours({
      schedule: options.schedule,
      ask: (address) => options.ask(this, address),
      send: (outgoing) => this.queue.send(outgoing),
      onDropped: () => this.counters.txDropped++,
      onFailed: () => options.counters.arp.resolveFailures++,
    });
    this.subscription = options.device.frames.subscribe((batch) => {
      for (const frame of batch) this.receive(frame);
      options.endBatch();
    });
  }

  get name(): string {
    return this.device.name;
  }

  get mtu(): number {
    return this.device.mtu;
  }

  /** Set by the administrator; the carrier is the device's. */
  get up(): boolean {
    return this.isUp;
  }

  set up(up: boolean) {
    this.isUp = up;
    if (!up) this.neighbours.clear();
    this.options.onChange();
  }

  /** Up, with a carrier. */
  get running(): boolean {
    return this.up && this.device.carrier;
  }

  /** Of both families. The first that fits is the source of what we send. */
  get addresses(): readonly Cidr[] {
    return this.own;
  }

  /** False when it is there already. */
  addAddress(cidr: Cidr): boolean {
    if (this.owns(cidr.address)) return false;
    this.setAddresses([...this.own, cidr]);
    return true;
  }

  /** Removes the address; false when it was not there. */
  removeAddress({address, prefix}: Cidr): boolean {
    const left = this.own.filter((own) => own.address !== address || own.prefix !== prefix);
    const found = left.length < this.own.length;
    if (found) this.setAddresses(left);
    return found;
  }

  setAddresses(addresses: readonly Cidr[]): void {
    this.own = addresses;
    this.joinGroups();
    this.options.onChange();
  }

  owns(address: IpAddress): boolean {
    return this.own.some((own) => own.address === address);
  }

  isDirectedBroadcast(address: Ipv4): boolean {
    return this.own.some((own) => broadcastOf(own) === address);
  }

  /** Our address in the network of `address`, else our first of that family and scope. */
  sourceFor(address: IpAddress): IpAddress | undefined {
    const family = this.own.filter((own) => isIpv4(own.address) === isIpv4(address));
    const near =
      family.find((own) => isInNetwork(address, own)) ?? family.find((own) => isSameScope(own.address, address));
    return (near ?? family[0])?.address;
  }

  /** Sends a frame whose header and payload stand but for the destination. */
  output(nextHop: IpAddress, outgoing: OutgoingFrame): void {
    if (this.isLoopback) this.queue.send(outgoing);
    else {
      const group = groupMac(nextHop);
      if (group === undefined) this.neighbours.output(nextHop, outgoing);
      else {
        setDestination(outgoing.frame, group);
        this.queue.send(outgoing);
      }
    }
  }

  /** Sends a finished frame. */
  transmit(frame: Uint8Array): void {
    this.queue.send({frame});
  }

  close(): void {
    this.subscription.unsubscribe();
    this.queue.close();
    this.neighbours.clear();
  }

  /** Hears the groups of all IPv6 nodes and of those that ask for one of our addresses. */
  private joinGroups(): void {
    const own = this.own.flatMap(({address}) => (isIpv4(address) ? [] : [solicitedNode(address)]));
    const groups = own.length === 0 ? [] : [ALL_NODES, ...own];
    const wanted = new Set(groups.map((group) => formatMac(multicastMac(group))));
    for (const mac of this.groups) if (!wanted.has(mac)) this.device.leaveGroup?.(mac);
    for (const mac of wanted) if (!this.groups.has(mac)) this.device.joinGroup?.(mac);
    this.groups = wanted;
  }

  private receive(frame: Uint8Array): void {
    if (!this.up) {
      this.counters.rxDropped++;
      return;
    }
    this.counters.rxPackets++;
    this.counters.rxBytes += frame.length;
    if (frame.length < ETHERNET_HEADER_BYTES) {
      this.counters.rxErrors++;
      return;
    }
    const isOurs = isSameMac(frame, 0, this.device.mac, 0) || isBroadcast(frame) || isMulticast6Mac(frame);
    if (isOurs && !this.options.receive(this, frame, etherType(frame))) this.counters.rxDropped++;
  }
}

/** A neighbour without a router is answered from an address that needs none. @see RFC 6724, 5, rule 2 */
const isSameScope = (own: IpAddress, other: IpAddress): boolean =>
  isIpv4(own) || isIpv4(other) || isLinkLocal(own) === (isLinkLocal(other) || isMulticast6(other));

/** Of addresses that nobody is asked for. */
const groupMac = (address: IpAddress): Uint8Array | undefined => {
  if (isIpv4(address)) return address === LIMITED_BROADCAST ? BROADCAST_MAC : undefined;
  return isMulticast6(address) ? multicastMac(address) : undefined;
};
