import type {Subscription} from 'rxjs';
import type {TaskQueue} from '../../../hypervisor/schedule/index.ts';
import type {NetDevice} from '../../api.ts';
import {broadcastOf, type Cidr, type Ipv4, isInNetwork} from './address.ts';
import {ARP_REPLY, ARP_REQUEST, decodeArp, encodeArp} from './arp.ts';
import {type InterfaceCounters, type NetCounters, newInterfaceCounters} from './counters.ts';
import {
  BROADCAST_MAC,
  ETHERNET_HEADER_BYTES,
  ETHERTYPE_ARP,
  ETHERTYPE_IPV4,
  etherType,
  isBroadcast,
  isSameMac,
  MAC_BYTES,
} from './ethernet.ts';
import {Neighbours} from './neighbours.ts';

export interface InterfaceOptions {
  index: number;
  device: NetDevice;
  schedule: TaskQueue;
  counters: NetCounters;
  /** Addresses are not resolved: the device is the loopback. */
  isLoopback: boolean;
  /** Gets the frames that carry IPv4 and are meant for us. */
  onIpv4: (from: NetInterface, frame: Uint8Array) => void;
}

/** A network device with its addresses: Ethernet in and out, ARP. */
export class NetInterface {
  readonly index: number;
  readonly device: NetDevice;
  readonly isLoopback: boolean;
  readonly counters: InterfaceCounters = newInterfaceCounters();
  readonly neighbours: Neighbours;
  /** The first is the source of what we send. */
  readonly addresses: Cidr[] = [];
  /** Set by the administrator; the carrier is the device's. */
  up = true;
  private readonly protocols: NetCounters;
  private readonly onIpv4: (from: NetInterface, frame: Uint8Array) => void;
  private readonly subscription: Subscription;

  constructor(options: InterfaceOptions) {
    this.index = options.index;
    this.device = options.device;
    this.isLoopback = options.isLoopback;
    this.protocols = options.counters;
    this.onIpv4 = options.onIpv4;
    this.neighbours = new Neighbours({
      schedule: options.schedule,
      ask: (address) => this.ask(address),
      send: (frame) => this.transmit(frame),
      onDropped: () => this.counters.txDropped++,
      onFailed: () => this.protocols.arp.resolveFailures++,
    });
    this.subscription = options.device.frames.subscribe((batch) => batch.forEach((frame) => this.receive(frame)));
  }

  get name(): string {
    return this.device.name;
  }

  get mtu(): number {
    return this.device.mtu;
  }

  /** Up, with a carrier. */
  get running(): boolean {
    return this.up && this.device.carrier;
  }

  owns(address: Ipv4): boolean {
    return this.addresses.some((own) => own.address === address);
  }

  isDirectedBroadcast(address: Ipv4): boolean {
    return this.addresses.some((own) => broadcastOf(own) === address);
  }

  /** Our address in the network of `address`, else our first. */
  sourceFor(address: Ipv4): Ipv4 | undefined {
    return (this.addresses.find((own) => isInNetwork(address, own)) ?? this.addresses[0])?.address;
  }

  /** Sends a frame whose header and payload stand but for the destination. */
  output(nextHop: Ipv4, frame: Uint8Array, onFailed?: () => void): void {
    if (this.isLoopback) this.transmit(frame);
    else this.neighbours.output(nextHop, frame, onFailed);
  }

  /** Sends a finished frame. */
  transmit(frame: Uint8Array): void {
    if (this.up && this.device.send(frame)) {
      this.counters.txPackets++;
      this.counters.txBytes += frame.length;
    } else this.counters.txDropped++;
  }

  /** Removes the address; false when it was not there. */
  removeAddress({address, prefix}: Cidr): boolean {
    const found = this.addresses.findIndex((own) => own.address === address && own.prefix === prefix);
    if (found >= 0) this.addresses.splice(found, 1);
    return found >= 0;
  }

  close(): void {
    this.subscription.unsubscribe();
    this.neighbours.clear();
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
    if (!isBroadcast(frame) && !isSameMac(frame, 0, this.device.mac, 0)) return;
    const type = etherType(frame);
    if (type === ETHERTYPE_IPV4) this.onIpv4(this, frame);
    else if (type === ETHERTYPE_ARP && !this.isLoopback) this.receiveArp(frame);
    else this.counters.rxDropped++;
  }

  /** @see RFC 826, "Packet Reception" */
  private receiveArp(frame: Uint8Array): void {
    const {arp} = this.protocols;
    const packet = decodeArp(frame);
    if (packet === undefined) {
      arp.inErrors++;
      return;
    }
    const {operation, senderMac, senderIp, targetIp} = packet;
    const isOurs = this.owns(targetIp);
    // A probe for a free address (RFC 5227) has no sender to learn.
    if (senderIp !== 0 && !this.owns(senderIp)) {
      this.neighbours.learn(senderIp, senderMac, isOurs && operation === ARP_REQUEST);
    }
    if (operation === ARP_REPLY) arp.inReplies++;
    if (operation !== ARP_REQUEST) return;
    arp.inRequests++;
    if (isOurs) this.answer(targetIp, senderMac, senderIp);
  }

  private answer(senderIp: Ipv4, targetMac: Uint8Array, targetIp: Ipv4): void {
    this.protocols.arp.outReplies++;
    const {mac} = this.device;
    this.transmit(encodeArp({operation: ARP_REPLY, senderMac: mac, senderIp, targetMac, targetIp}, targetMac));
  }

  private ask(targetIp: Ipv4): void {
    const senderIp = this.sourceFor(targetIp);
    if (senderIp === undefined) return;
    this.protocols.arp.outRequests++;
    const targetMac = new Uint8Array(MAC_BYTES);
    const packet = {operation: ARP_REQUEST, senderMac: this.device.mac, senderIp, targetMac, targetIp};
    this.transmit(encodeArp(packet, BROADCAST_MAC));
  }
}
