import {NS_PER_S, type TaskQueue} from '../../../../hypervisor/schedule/index.ts';
import {sealIcmp} from '../echo.ts';
import {isGroupMac} from '../ethernet.ts';
import type {NetInterface} from '../interface.ts';
import {type IpPacket, isIpv4, PROTOCOL_ICMPV6} from '../ip.ts';
import {
  ALL_NODES,
  ALL_ROUTERS,
  type Ipv6,
  isLinkLocal,
  isMulticast6,
  linkLocalOf,
  solicitedNode,
  UNSPECIFIED6,
} from './address.ts';
import {
  decodeNd,
  encodeNd,
  NA_OVERRIDE,
  NA_SOLICITED,
  NEIGHBOUR_ADVERTISEMENT,
  NEIGHBOUR_SOLICITATION,
  type NdMessage,
  ROUTER_ADVERTISEMENT,
  ROUTER_SOLICITATION,
} from './nd-message.ts';
import type {RouterAdvertisements} from './router-advertisements.ts';

/** What came over a router has another one. @see RFC 4861, 6.1, 7.1 */
const HOP_LIMIT = 255;
/** @see RFC 4861, 10, "RTR_SOLICITATION_INTERVAL", "MAX_RTR_SOLICITATIONS" */
const SOLICITATION_INTERVAL_NS = 4 * NS_PER_S;
const MAX_SOLICITATIONS = 3;
/** How long a new address is looked out for others who have it. @see RFC 4861, 10, "RETRANS_TIMER" */
const PROBE_NS = NS_PER_S;

export interface NdSend {
  interface: NetInterface;
  source: Ipv6;
  destination: Ipv6;
  protocol: number;
  ttl: number;
  payload: Uint8Array;
}

export interface DiscoveryOptions {
  schedule: TaskQueue;
  send: (options: NdSend) => void;
  routers: RouterAdvertisements;
  /** Somebody else has an address that we had just begun to use; it is not ours any more. */
  onDuplicate: (on: NetInterface, address: Ipv6) => void;
}

/**
 * Neighbour discovery: finds the MAC addresses of neighbours, answers for ours, and follows routers. An address of ours is
 * used at once and given up when somebody defends it, as in optimistic duplicate address detection.
 * @see RFC 4861, RFC 4862, RFC 4429
 */
export class NeighbourDiscovery {
  private readonly options: DiscoveryOptions;
  /** Interfaces that take addresses of networks that routers tell of. */
  private readonly following = new Set<NetInterface>();
  /** Addresses that we have just begun to use. */
  private readonly probing = new Set<Ipv6>();

  constructor(options: DiscoveryOptions) {
    this.options = options;
  }

  /** Gives the interface its link-local address, without which it does not speak IPv6. */
  enable(on: NetInterface): void {
    if (on.addresses.some(({address}) => !isIpv4(address))) return;
    this.assign(on, linkLocalOf(on.device.mac), 64);
  }

  /** Adds an address and asks whether anybody has it already. False when it is ours. */
  assign(on: NetInterface, address: Ipv6, prefix: number): boolean {
    if (!isLinkLocal(address)) this.enable(on);
    if (!on.addAddress({address, prefix})) return false;
    this.probing.add(address);
    this.options.schedule.after(PROBE_NS, () => this.probing.delete(address));
    this.send(on, UNSPECIFIED6, solicitedNode(address), encodeNd(NEIGHBOUR_SOLICITATION, 0, address));
    return true;
  }

  /** Takes addresses and a default route from routers from now on. */
  follow(on: NetInterface): void {
    this.enable(on);
    this.following.add(on);
    this.askForRouters(on, 1);
  }

  /** Asks who has the address. */
  ask(on: NetInterface, address: Ipv6): void {
    const source = on.sourceFor(address);
    if (source === undefined || isIpv4(source)) return;
    this.send(on, source, solicitedNode(address), encodeNd(NEIGHBOUR_SOLICITATION, 0, address, on.device.mac));
  }

  receive(packet: IpPacket, from: NetInterface): void {
    if (packet.ttl !== HOP_LIMIT || isIpv4(packet.source)) return;
    const message = decodeNd(packet);
    if (message === undefined || (message.mac !== undefined && isGroupMac(message.mac))) return;
    this.reactions[message.type]?.(message, packet.source, from);
  }

  /** The interface is gone. */
  forget(gone: NetInterface): void {
    this.following.delete(gone);
    this.options.routers.forget(gone);
  }

  private readonly reactions: Readonly<Record<number, (message: NdMessage, source: Ipv6, from: NetInterface) => void>> =
    {
      [NEIGHBOUR_SOLICITATION]: (message, source, from) => this.onSolicitation(message, source, from),
      [NEIGHBOUR_ADVERTISEMENT]: (message, _, from) => this.onAdvertisement(message, from),
      [ROUTER_ADVERTISEMENT]: (message, source, from) => {
        if (!isLinkLocal(source) || !this.following.has(from)) return;
        if (message.mac !== undefined) from.neighbours.learn(source, message.mac, true);
        const prefixes = this.options.routers.take(message, source, from);
        for (const {address, prefix} of prefixes) this.assign(from, address, prefix);
      },
    };

  /** @see RFC 4861, 7.2.3, 7.2.4 */
  private onSolicitation({target, mac}: NdMessage, source: Ipv6, from: NetInterface): void {
    if (target === undefined || !from.owns(target)) return;
    const isProbe = source === UNSPECIFIED6;
    if (!isProbe && mac !== undefined) from.neighbours.learn(source, mac, true);
    const flags = isProbe ? NA_OVERRIDE : NA_SOLICITED | NA_OVERRIDE;
    const payload = encodeNd(NEIGHBOUR_ADVERTISEMENT, flags, target, from.device.mac);
    this.send(from, target, isProbe ? ALL_NODES : source, payload);
  }

  /** @see RFC 4861, 7.2.5; RFC 4862, 5.4.4 */
  private onAdvertisement({target, mac}: NdMessage, from: NetInterface): void {
    if (target === undefined || isMulticast6(target)) return;
    const own = from.addresses.find(({address}) => address === target);
    if (own !== undefined) {
      if (!this.probing.delete(target)) return;
      from.removeAddress(own);
      this.options.onDuplicate(from, target);
    } else if (mac !== undefined) from.neighbours.learn(target, mac, false);
  }

  private askForRouters(on: NetInterface, count: number): void {
    if (!this.following.has(on) || this.options.routers.knows(on)) return;
    const source = on.sourceFor(ALL_ROUTERS);
    if (source !== undefined && !isIpv4(source)) {
      this.send(on, source, ALL_ROUTERS, encodeNd(ROUTER_SOLICITATION, 0, undefined, on.device.mac));
    }
    if (count === MAX_SOLICITATIONS) return;
    this.options.schedule.after(SOLICITATION_INTERVAL_NS, () => this.askForRouters(on, count + 1));
  }

  private send(on: NetInterface, source: Ipv6, destination: Ipv6, payload: Uint8Array): void {
    sealIcmp(payload, source, destination);
    this.options.send({interface: on, source, destination, protocol: PROTOCOL_ICMPV6, ttl: HOP_LIMIT, payload});
  }
}
