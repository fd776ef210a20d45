import {type Ipv4, isMulticastOrAbove, LIMITED_BROADCAST} from './address.ts';
import {isInNetwork, LOOPBACK_NET} from './cidr.ts';
import type {NetCounters} from './counters.ts';
import type {Forwarder} from './forwarder.ts';
import type {NetInterface} from './interface.ts';
import {type IpFailure, type IpPacket, type IpProtocol, PROTOCOL_UDP} from './ip.ts';
import {decodeIpv4} from './ipv4.ts';
import {ALL_NODES, type Ipv6, isMulticast6, LOOPBACK6, solicitedNode} from './ipv6/address.ts';
import {decodeIpv6} from './ipv6/header.ts';
import type {Routes} from './routes.ts';

export interface IpInputOptions {
  counters: NetCounters;
  routes: Routes;
  /** By number. */
  protocols: ReadonlyMap<number, IpProtocol>;
  forwarder: Forwarder;
}

/** What becomes of a packet that came in: ours, somebody else's, or nobody's. */
export class IpInput {
  private readonly options: IpInputOptions;

  constructor(options: IpInputOptions) {
    this.options = options;
  }

  receiveIpv4(from: NetInterface, frame: Uint8Array): void {
    const {routes, counters} = this.options;
    const {ip} = counters;
    ip.inReceives++;
    const packet = decodeIpv4(frame);
    if (typeof packet === 'string') {
      ip[packet]++;
      return;
    }
    const {source, destination} = packet;
    const toUs = from.isLoopback || routes.owns(destination) || isOffer(from, packet);
    const toAll = destination === LIMITED_BROADCAST || from.isDirectedBroadcast(destination);
    const isMartian = this.isMartian(from, source);
    if ((toUs || toAll) && !isMartian) this.deliver(packet, toUs, from, ip);
    else if (isMartian || isMulticastOrAbove(destination)) ip.inAddrErrors++;
    else this.forward(packet, from, ip);
  }

  receiveIpv6(from: NetInterface, frame: Uint8Array): void {
    const {routes, counters} = this.options;
    const {ip6} = counters;
    ip6.inReceives++;
    const packet = decodeIpv6(frame);
    if (typeof packet === 'string') {
      ip6[packet]++;
      return;
    }
    const {source, destination} = packet;
    const toUs = from.isLoopback || routes.owns(destination);
    const toAll = isMulticast6(destination) && isGroupOf(from, destination);
    // Who defends an address that we begin to use says so to all, from that address.
    const isForged = source === LOOPBACK6 || destination === LOOPBACK6 || (!toAll && routes.owns(source));
    const isMartian = !from.isLoopback && isForged;
    if ((toUs || toAll) && !isMartian) this.deliver(packet, toUs, from, ip6);
    else if (isMartian || isMulticast6(destination)) ip6.inAddrErrors++;
    else this.forward(packet, from, ip6);
  }

  /** A packet of ours was not delivered. */
  fail(failure: IpFailure): void {
    this.options.protocols.get(failure.protocol)?.failed?.(failure);
  }

  private deliver(packet: IpPacket, toUs: boolean, from: NetInterface, counters: NetCounters['ip']): void {
    const handler = this.options.protocols.get(packet.protocol);
    if (handler === undefined) counters.inUnknownProtos++;
    else {
      counters.inDelivers++;
      handler.receive(packet, toUs, from);
    }
  }

  private forward(packet: IpPacket, from: NetInterface, counters: NetCounters['ip']): void {
    if (this.options.forwarder.enabled) this.options.forwarder.forward(packet, from);
    else counters.inAddrErrors++;
  }

  /** A source address that no packet from there can have. @see RFC 1812, 5.3.7 */
  private isMartian(from: NetInterface, source: Ipv4): boolean {
    if (from.isLoopback) return false;
    const isOurs = isInNetwork(source, LOOPBACK_NET) || this.options.routes.owns(source);
    return isOurs || isMulticastOrAbove(source) || from.isDirectedBroadcast(source);
  }
}

/** Some DHCP servers send to the address that they offer. @see RFC 2131, 4.1 */
const isOffer = (from: NetInterface, {protocol}: IpPacket): boolean => from.isConfiguring && protocol === PROTOCOL_UDP;

const isGroupOf = (on: NetInterface, group: Ipv6): boolean =>
  group === ALL_NODES ||
  on.addresses.some(({address}) => typeof address === 'string' && solicitedNode(address) === group);
